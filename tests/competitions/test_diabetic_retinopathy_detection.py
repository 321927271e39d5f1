"""diabetic-retinopathy-detection: the two eyes of a patient, told from the ids, share a fold; quadratic kappa."""

from sklearn.metrics import cohen_kappa_score

from foldline.folds.folds_table import read_folds
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, zipped

LEVELS = tuple("01234")


def eyes(patients: range) -> list[str]:
    return [f"{patient}_{side}" for patient in patients for side in ("left", "right")]


def draw() -> Miniature:
    labels, answers = assigned(eyes(range(10, 30)), LEVELS), assigned(eyes(range(1, 7)), LEVELS)
    drawn_files = image_files([f"train/{row_id}.jpg" for row_id in labels], 0)
    drawn_files |= image_files([f"test/{row_id}.jpg" for row_id in answers], 100)
    entries = {path.replace(".jpg", ".jpeg"): content for path, content in drawn_files.items()}
    entries["trainLabels.csv"] = csv({"image": labels.keys(), "level": labels.values()})
    entries["sampleSubmission.csv"] = csv({"image": answers.keys(), "level": 0})
    return Miniature({"diabetic-retinopathy-detection.zip": zipped(entries)}, labels, answers)


def test_levels_are_whole_numbers_and_patients_share_a_fold(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "diabetic-retinopathy-detection.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image", "level"], exact=True)
    levels = grading.integers(submission["level"])
    assert cohen_kappa_score(grading.of(miniature.answers), levels.tolist(), weights="quadratic") > 0.7
    folds = read_folds(places.folds)
    assert folds.groupby(folds["row_id"].str.partition("_")[0])["fold"].nunique().tolist() == [1] * 20
