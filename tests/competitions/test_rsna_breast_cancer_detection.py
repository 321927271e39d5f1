"""rsna-breast-cancer-detection: DICOM, several views of a breast are one row, ids of two columns, rare positives."""

import numpy as np

from foldline.folds.folds_table import read_folds
from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, zipped
from tests.competitions.packing import dicom

VIEWS = ("CC", "MLO")


def views_of(patients: range, first_image: int) -> dict[str, list]:
    """A line per image: two views of both breasts of each patient; every third patient has cancer on the left."""
    lines = [(patient, side, view) for patient in patients for side in "LR" for view in VIEWS]
    return {
        "site_id": [1] * len(lines),
        "patient_id": [patient for patient, _, _ in lines],
        "image_id": list(range(first_image, first_image + len(lines))),
        "laterality": [side for _, side, _ in lines],
        "view": [view for _, _, view in lines],
        "age": [60.0] * len(lines),
        "cancer": [int(patient % 3 == 0 and side == "L") for patient, side, _ in lines],
        "implant": [0] * len(lines),
        "machine_id": [49] * len(lines),
    }


def draw() -> Miniature:
    train, test = views_of(range(10006, 10015), 460_000), views_of(range(20, 26), 730_000)
    entries = {}
    for folder, part in (("train_images", train), ("test_images", test)):
        for patient, image in zip(part["patient_id"], part["image_id"], strict=True):
            entries[f"{folder}/{patient}/{image}.dcm"] = dicom(image, inverted=image % 2 == 0, jpeg2000=image % 3 == 0)
    ids, test_ids = (
        [f"{patient}_{side}" for patient, side in zip(part["patient_id"], part["laterality"], strict=True)]
        for part in (train, test)
    )
    labels, answers = (
        dict(zip(row_ids, map(str, part["cancer"]), strict=True)) for row_ids, part in ((ids, train), (test_ids, test))
    )
    del test["cancer"]
    entries["train.csv"] = csv({**train, "biopsy": 0, "invasive": 0, "BIRADS": "", "density": "B"})
    entries["test.csv"] = csv({**test, "prediction_id": test_ids})
    entries["sample_submission.csv"] = csv({"prediction_id": answers.keys(), "cancer": 0.021})
    return Miniature({"rsna-breast-cancer-detection.zip": zipped(entries)}, labels, answers)


def probabilistic_f1(truth: np.ndarray, probabilities: np.ndarray) -> float:
    true = probabilities[truth].sum()
    precision, recall = true / probabilities.sum(), true / truth.sum()
    return float(2 * precision * recall / (precision + recall))


def test_one_nearly_hard_probability_per_breast(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "rsna-breast-cancer-detection.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["prediction_id", "cancer"])
    probabilities = grading.numbers(submission, 0, 1)[:, 0]
    truth = np.array([answer == "1" for answer in miniature.answers.values()])
    assert probabilistic_f1(truth, probabilities) > 0.9
    assert read_images(places.images).groupby("row").size().tolist() == [2] * 30
    patients = read_folds(places.folds)["row_id"].str.split("_").str[0]
    assert read_folds(places.folds).groupby(patients)["fold"].nunique().tolist() == [1] * 9
