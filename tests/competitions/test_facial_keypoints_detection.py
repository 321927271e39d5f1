"""facial-keypoints-detection: thirty numbers per face, most of them missing; a table says which ones are asked for."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from foldline.ensembling.predictions import read_predictions
from foldline.files.rows import read_rows
from foldline.local_kaggle.evaluation import evaluate, read_solution
from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, numbered, pixels, zipped
from tests.metrics.of_kind import metric_of_kind

CARD = CARDS / "facial-keypoints-detection.yaml"
COLUMNS: list[str] = yaml.safe_load(CARD.read_text())["target"]["values"]["columns"]
FREQUENT = [
    f"{place}_{axis}"
    for place in ("left_eye_center", "right_eye_center", "nose_tip", "mouth_center_bottom_lip")
    for axis in "xy"
]


def draw() -> Miniature:
    """Every fourth train row has all keypoints, the others the frequent ones; of the fifth of these one is missing.

    `labels` hold all numbers, also those that the train table leaves out: the oracle predicts each.
    """
    generator = np.random.default_rng(0)
    ids, test_ids = numbered(24, "{}", 1), numbered(10, "{}", 1)
    places, answers = (pd.DataFrame(generator.uniform(2, 95, (n, 30)).round(4), columns=COLUMNS) for n in (24, 10))
    known = places.copy()
    known.loc[known.index % 4 > 0, [name for name in COLUMNS if name not in FREQUENT]] = np.nan
    known.loc[known.index % 5 == 4, FREQUENT[0]] = np.nan
    files = {
        "training.zip": zipped({"training.csv": csv({**known, "Image": faces(0, 24)})}),
        "test.zip": zipped({"test.csv": csv({"ImageId": test_ids, "Image": faces(100, 10)})}),
        "IdLookupTable.csv": csv({"RowId": range(1, len(asked()) + 1), **asked(), "Location": ""}),
        "SampleSubmission.csv": csv({"RowId": range(1, len(asked()) + 1), "Location": 0}),
    }
    labels, hidden = (
        dict(zip(row_ids, map(tuple, numbers.to_numpy().tolist()), strict=True))
        for row_ids, numbers in ((ids, places), (test_ids, answers))
    )
    return Miniature({"facial-keypoints-detection.zip": zipped(files)}, labels, hidden)


def faces(first_seed: int, count: int) -> list[str]:
    return [" ".join(map(str, pixels(first_seed + face, 96, 96, 1).ravel())) for face in range(count)]


def asked() -> pd.DataFrame:
    """All numbers of the first three faces, of the others the frequent ones, in the order of COLUMNS."""
    return pd.DataFrame(
        [(face, name) for face in range(1, 11) for name in (COLUMNS if face <= 3 else FREQUENT)],
        columns=["ImageId", "FeatureName"],
    )


def test_a_line_for_each_number_that_is_asked_for(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARD, miniature)

    images, targets = read_images(places.images), np.load(places.targets)
    assert len(images) == 24 + 10 and set(images["height"]) == {96}
    assert (~np.isnan(targets[:5])).sum(axis=1).tolist() == [30, 8, 8, 8, 30 - 1]
    submission = grading.read(places.submission, numbered(3 * 30 + 7 * 8, "{}", 1), ["RowId", "Location"], exact=True)
    assert pd.read_csv(places.submission)["RowId"].tolist() == list(range(1, 147)), "the sample's order"
    found = grading.numbers(submission, 0, 96)[:, 0]
    truth = [miniature.answers[str(face)][COLUMNS.index(name)] for face, name in asked().itertuples(index=False)]
    error = np.sqrt(np.mean((found - np.array(truth, dtype=float)) ** 2))
    assert error < 0.6
    Path("solution.csv").write_bytes(csv({"RowId": submission.index, "Location": truth, "Usage": "Private"}))
    solution = read_solution(Path("solution.csv"), ("RowId", "Location"), "refused", (0.0, 96.0))
    verdict = evaluate(places.submission.read_text(), solution, metric_of_kind("rmse"))
    assert float(verdict.private_score) == pytest.approx(error, abs=1e-5), "the local Kaggle scores it, too"
    predicted = read_predictions(places.clipped)
    errors = [
        number - predicted.out_of_fold[predicted.out_of_fold_ids.index(row_id), column]
        for row_id, of_row in zip(read_rows(places.rows)["row_id"], targets, strict=False)
        for column, number in enumerate(of_row)
        if not np.isnan(number)
    ]
    assert len(errors) == 6 * 30 + 18 * 8 - 4
    score = json.loads((places.clipped / "metrics.json").read_text())["score"]
    assert score == pytest.approx(np.sqrt(np.mean(np.square(errors))), abs=1e-5), "all known numbers weigh alike"
