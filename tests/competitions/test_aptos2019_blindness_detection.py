"""aptos2019-blindness-detection: five grades in order, whole numbers, quadratic weighted kappa."""

from sklearn.metrics import cohen_kappa_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped


def draw() -> Miniature:
    labels = assigned(numbered(30, "{:012x}"), "01234")
    answers = assigned(numbered(12, "{:012x}", 100), "01234")
    entries = image_files([f"train_images/{row_id}.png" for row_id in labels], 0)
    entries |= image_files([f"test_images/{row_id}.png" for row_id in answers], 100)
    entries["train.csv"] = csv({"id_code": labels.keys(), "diagnosis": labels.values()})
    entries["test.csv"] = csv({"id_code": answers.keys()})
    entries["sample_submission.csv"] = csv({"id_code": answers.keys(), "diagnosis": 0})
    return Miniature({"aptos2019-blindness-detection.zip": zipped(entries)}, labels, answers)


def test_grades_are_whole_numbers_near_the_truth(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "aptos2019-blindness-detection.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id_code", "diagnosis"])
    grades = grading.integers(submission["diagnosis"])
    assert cohen_kappa_score(list(miniature.answers.values()), grades, weights="quadratic") > 0.8
