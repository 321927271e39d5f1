"""aptos2019-blindness-detection: five grades in order, whole numbers, quadratic weighted kappa."""

from sklearn.metrics import cohen_kappa_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, dealt, image_files, numbered, zipped


def draw() -> Miniature:
    labels = dealt(numbered(30, "{:012x}"), "01234")
    answers = dealt(numbered(12, "{:012x}", 100), "01234")
    members = image_files([f"train_images/{row_id}.png" for row_id in labels], 0)
    members |= image_files([f"test_images/{row_id}.png" for row_id in answers], 100)
    members["train.csv"] = csv({"id_code": labels.keys(), "diagnosis": labels.values()})
    members["test.csv"] = csv({"id_code": answers.keys()})
    members["sample_submission.csv"] = csv({"id_code": answers.keys(), "diagnosis": 0})
    return Miniature({"aptos2019-blindness-detection.zip": zipped(members)}, labels, answers)


def test_grades_are_whole_numbers_near_the_truth(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "aptos2019-blindness-detection.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id_code", "diagnosis"])
    grades = grading.integers(submission["diagnosis"])
    assert cohen_kappa_score(list(miniature.answers.values()), grades, weights="quadratic") > 0.8
