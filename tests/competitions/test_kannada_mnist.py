"""Kannada-MNIST: two train tables of pixels without ids, told apart by what the card writes before their lines."""

from sklearn.metrics import accuracy_score

from foldline.files.rows import read_rows
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, numbered
from tests.competitions.test_digit_recognizer import lines_of_pixels


def draw() -> Miniature:
    written, others = assigned(numbered(30, "{}", 1), "0123456789"), assigned(numbered(20, "dig{}", 1), "0123456789")
    answers = assigned(numbered(10, "{}"), "0123456789")
    first_columns = {
        "train.csv": ("label", list(written.values())),
        "Dig-MNIST.csv": ("label", list(others.values())),
        "test.csv": ("id", list(answers)),
    }
    files = {"sample_submission.csv": csv({"id": answers.keys(), "label": 0})}
    for place, (name, (column, values)) in enumerate(first_columns.items()):
        table = lines_of_pixels(100 * place, len(values))
        table.insert(0, column, values)
        files[name] = csv(table)
    return Miniature(files, written | others, answers)


def test_the_lines_of_both_tables_are_rows(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "Kannada-MNIST.yaml", miniature)

    assert read_rows(places.rows)["row_id"].tolist() == [*miniature.labels, *miniature.answers]
    submission = grading.read(places.submission, list(miniature.answers), ["id", "label"], exact=True)
    found = grading.integers(submission["label"])
    assert accuracy_score(list(miniature.answers.values()), found) > 0.9
