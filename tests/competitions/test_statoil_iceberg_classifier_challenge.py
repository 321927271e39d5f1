"""statoil-iceberg-classifier-challenge: json records in 7z, two bands of decibels as the image, the sample in 7z.

Kaggle's archives hold `data/processed/train.json`, MLE-bench's `train.json`.
"""

import json

import numpy as np
import pytest
from sklearn.metrics import log_loss

from foldline.files.rows import read_rows
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, numbered, pixels, zipped
from tests.competitions.packing import seven_zipped


def record(row_id: str, seed: int) -> dict[str, object]:
    bands = pixels(seed, 75, 75, 2) // 8 - 40.0
    angle = "na" if seed % 5 == 0 else 30 + seed / 10
    return {"id": row_id, "band_1": bands[..., 0].ravel().tolist(), "band_2": bands[..., 1].ravel().tolist(),
            "inc_angle": angle}  # fmt: skip


def draw(above: str = "data/processed/") -> Miniature:
    labels, answers = assigned(numbered(16, "dfd5f9{:02x}"), "01"), assigned(numbered(8, "5941774{:x}"), "01")
    train = [record(row_id, seed) | {"is_iceberg": int(labels[row_id])} for seed, row_id in enumerate(labels)]
    test = [record(row_id, 100 + seed) for seed, row_id in enumerate(answers)]
    sample = csv({"id": answers.keys(), "is_iceberg": 0.5})
    files = {
        "train.json.7z": seven_zipped({f"{above}train.json": json.dumps(train).encode()}),
        "test.json.7z": seven_zipped({f"{above}test.json": json.dumps(test).encode()}),
        "sample_submission.csv.7z": seven_zipped({"sample_submission.csv": sample}),
    }
    return Miniature({"statoil-iceberg-classifier-challenge.zip": zipped(files)}, labels, answers)


@pytest.mark.parametrize("above", ["data/processed/", ""])
def test_probabilities_of_two_float_channels(enter: Enter, above: str) -> None:
    miniature = draw(above)
    places = enter(CARDS / "statoil-iceberg-classifier-challenge.yaml", miniature)

    angles = read_rows(places.rows)["tabular:inc_angle"]
    assert angles[:6].isna().tolist() == [True, False, False, False, False, True], 'missing where the file says "na"'
    submission = grading.read(places.submission, list(miniature.answers), ["id", "is_iceberg"])
    probabilities = grading.numbers(submission, 0, 1)[:, 0]
    assert log_loss(np.array(list(miniature.answers.values()), int), probabilities) < 0.5
