"""mayo-clinic-strip-ai: several slides of a patient are one row, a log loss in which both classes weigh alike."""

import numpy as np

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

CLASSES = ("CE", "LAA")


def slides(patients: list[str]) -> dict[str, list]:
    """One slide of every other patient, two of the others."""
    of_slides = [(patient, number) for place, patient in enumerate(patients) for number in range(1 + place % 2)]
    return {
        "image_id": [f"{patient}_{number}" for patient, number in of_slides],
        "center_id": [1] * len(of_slides),
        "patient_id": [patient for patient, _ in of_slides],
        "image_num": [number for _, number in of_slides],
    }


def draw() -> Miniature:
    labels = assigned(numbered(30, "{:06x}"), ("CE", "CE", "LAA"))
    answers = assigned(numbered(12, "f{:05x}"), ("CE", "CE", "LAA"))
    train, test = slides(list(labels)), slides(list(answers))
    entries = image_files([f"train/{image}.tif" for image in train["image_id"]], 0)
    entries |= image_files([f"test/{image}.tif" for image in test["image_id"]], 100)
    entries["train.csv"] = csv({**train, "label": [labels[patient] for patient in train["patient_id"]]})
    entries["test.csv"] = csv(test)
    entries["sample_submission.csv"] = csv({"patient_id": answers.keys(), "CE": 0.5, "LAA": 0.5})
    return Miniature({"mayo-clinic-strip-ai.zip": zipped(entries)}, labels, answers)


def test_a_row_per_patient_and_classes_that_weigh_alike(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "mayo-clinic-strip-ai.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["patient_id", *CLASSES], exact=True)
    shares = grading.distributions(submission)
    truth = np.array([CLASSES.index(str(label)) for label in grading.of(miniature.answers)])
    losses = -np.log(shares[np.arange(12), truth])
    assert np.mean([losses[truth == one].mean() for one in (0, 1)]) < 0.3
