"""rsna-miccai-brain-tumor-radiogenomic-classification: folders of DICOM slices by a number with zeros."""

import numpy as np
from sklearn.metrics import roc_auc_score

from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, zipped
from tests.competitions.packing import dicom

SCANS = ("FLAIR", "T1w", "T1wCE", "T2w")


def slices(folder: str, ids: list[str]) -> dict[str, bytes]:
    return {
        f"{folder}/{patient}/{scan}/Image-{number}.dcm": dicom(1000 * int(patient) + number)
        for patient in ids
        for scan in SCANS
        for number in range(1, 3 + int(patient) % 2)
    }


def draw() -> Miniature:
    labels = assigned([f"{number:05}" for number in (0, 2, 3, 5, 6, 8, 9, 11, 12, 14)], "01")
    answers = assigned([f"{number:05}" for number in (1, 13, 15, 27)], "01")
    entries = slices("train", list(labels)) | slices("test", list(answers))
    entries["train_labels.csv"] = csv({"BraTS21ID": labels.keys(), "MGMT_value": labels.values()})
    entries["sample_submission.csv"] = csv({"BraTS21ID": answers.keys(), "MGMT_value": 0.5})
    return Miniature({"rsna-miccai.zip": zipped(entries)}, labels, answers)


def test_a_probability_per_patient(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "rsna-miccai-brain-tumor-radiogenomic-classification.yaml", miniature)

    images = read_images(places.images)
    assert images["path"].str.contains("/T2w/").all()
    assert set(images.groupby("row").size()) == {2, 3}
    submission = grading.read(places.submission, list(miniature.answers), ["BraTS21ID", "MGMT_value"], exact=True)
    probabilities = grading.numbers(submission, 0, 1)[:, 0]
    assert roc_auc_score(np.array([answer == "1" for answer in miniature.answers.values()]), probabilities) > 0.9
