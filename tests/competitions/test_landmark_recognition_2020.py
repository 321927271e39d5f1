"""landmark-recognition-2020: a label and its confidence in one field; most test images show no landmark."""

import numpy as np
import pandas as pd

from foldline.local_kaggle.evaluation import score
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped
from tests.metrics.of_kind import metric_of_kind

LANDMARKS = ("1", "27", "138982", "203092")


def draw() -> Miniature:
    labels, answers = (
        assigned(numbered(24, "{:016x}", 0xABC << 52), LANDMARKS),
        assigned(numbered(8, "{:016x}"), LANDMARKS),
    )
    folders = {"train": labels, "test": answers}
    paths = [f"{part}/{i[0]}/{i[1]}/{i[2]}/{i}.jpg" for part, ids in folders.items() for i in ids]
    entries = image_files(paths, 0)
    entries["train.csv"] = csv({"id": labels.keys(), "landmark_id": labels.values()})
    entries["sample_submission.csv"] = csv({"id": answers.keys(), "landmarks": "138982 0.1"})
    return Miniature({"landmark-recognition-2020.zip": zipped(entries)}, labels, answers)


def test_a_label_and_its_confidence(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "landmark-recognition-2020.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "landmarks"], exact=True)
    fields = submission["landmarks"].str.split(" ", expand=True)
    assert fields[0].isin(LANDMARKS).all()
    confidences = fields[1].astype(float)
    assert ((confidences > 0) & (confidences <= 1)).all() and np.ptp(confidences) > 0
    answers = pd.DataFrame({"landmarks": list(miniature.answers.values())}, index=submission.index)
    assert score(answers, submission, metric_of_kind("global_average_precision")) > 0.8
