"""state-farm-distracted-driver-detection: folders as classes, drivers in a table, who are others in the test set."""

import numpy as np
from sklearn.metrics import log_loss

from foldline.files.rows import read_rows
from foldline.folds.folds_table import read_folds
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

CLASSES = ("c0", "c1", "c9")


def draw() -> Miniature:
    labels, answers = (assigned(numbered(count, "img_{}.jpg", first), CLASSES) for count, first in ((24, 100), (12, 1)))
    entries = image_files([f"imgs/train/{label}/{name}" for name, label in labels.items()], 0)
    entries |= image_files([f"imgs/test/{name}" for name in answers], 100)
    drivers = [f"p{2 + number // 3:03}" for number in range(24)]
    entries["driver_imgs_list.csv"] = csv({"subject": drivers, "classname": labels.values(), "img": labels.keys()})
    entries["sample_submission.csv"] = csv({"img": answers.keys(), **dict.fromkeys(CLASSES, 0.1)})
    return Miniature({"state-farm.zip": zipped(entries)}, labels, answers)


def test_no_driver_straddles_folds(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "state-farm-distracted-driver-detection.yaml", miniature)

    folds = read_folds(places.folds).merge(read_rows(places.rows), on="row_id")
    assert folds.groupby("group")["fold"].nunique().max() == 1
    submission = grading.read(places.submission, list(miniature.answers), ["img", *CLASSES], exact=True)
    truth = [CLASSES.index(str(label)) for label in miniature.answers.values()]
    assert log_loss(np.array(truth), grading.distributions(submission)) < 0.5
