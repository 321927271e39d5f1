"""rsna-2022-cervical-spine-fracture-detection: scans of many slices, labels in columns, the sample in lines."""

import numpy as np
from sklearn.metrics import log_loss

from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, numbered, zipped
from tests.competitions.packing import dicom

VERTEBRAE = tuple(numbered(7, "C{}", 1))
NAMES = ("patient_overall", *VERTEBRAE)


def fractures(ids: list[str], seed: int) -> dict[str, tuple[str, ...]]:
    broken = np.random.default_rng(seed).random((len(ids), 7)) < 0.3
    sets = [tuple(name for name, one in zip(VERTEBRAE, row, strict=True) if one) for row in broken]
    return {row_id: ("patient_overall", *one) if one else one for row_id, one in zip(ids, sets, strict=True)}


def draw() -> Miniature:
    labels = fractures(numbered(20, "1.2.826.0.1.3680043.{}", 10001), 0)
    answers = fractures(numbered(4, "1.2.826.0.1.3680043.{}", 22327), 1)
    entries = {
        f"{folder}/{row_id}/{number}.dcm": dicom(1000 * place + number)
        for folder, ids in (("train_images", labels), ("test_images", answers))
        for place, row_id in enumerate(ids, 0 if ids is labels else 100)
        for number in range(1, 4)
    }
    ones = {name: [int(name in one) for one in labels.values()] for name in NAMES}
    entries["train.csv"] = csv({"StudyInstanceUID": labels.keys(), **ones})
    asked = [(row_id, name) for row_id in answers for name in NAMES]
    lines = [f"{row_id}_{name}" for row_id, name in asked]
    entries["test.csv"] = csv(
        {"row_id": lines, "StudyInstanceUID": [row_id for row_id, _ in asked], "prediction_type": [n for _, n in asked]}
    )
    entries["sample_submission.csv"] = csv({"row_id": lines, "fractured": 0.5})
    return Miniature({"rsna-2022.zip": zipped(entries)}, labels, answers)


def test_a_line_per_patient_and_vertebra(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "rsna-2022-cervical-spine-fracture-detection.yaml", miniature)

    assert read_images(places.images).groupby("row").size().unique().tolist() == [3]
    lines = {f"{row_id}_{name}": name in one for row_id, one in miniature.answers.items() for name in NAMES}
    submission = grading.read(places.submission, list(lines), ["row_id", "fractured"], exact=True)
    probabilities = grading.numbers(submission, 0, 1)[:, 0]
    assert log_loss(np.array(list(lines.values()), int), probabilities) < 0.3
