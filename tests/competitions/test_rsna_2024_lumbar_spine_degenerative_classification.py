"""rsna-2024-lumbar-spine-degenerative-classification: a study's series, a degree for each of 25 places, some unknown; a
line of probabilities for each."""

from itertools import product

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from foldline.files.whole_files import read_json
from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, numbered, zipped
from tests.competitions.packing import dicom

SIDES = ("left", "right")
CONDITIONS = (
    "spinal_canal_stenosis",
    *(f"{side}_{what}" for what in ("neural_foraminal_narrowing", "subarticular_stenosis") for side in SIDES),
)
PLACES = tuple(f"{what}_{level}" for what, level in product(CONDITIONS, ("l1_l2", "l2_l3", "l3_l4", "l4_l5", "l5_s1")))
DEGREES = {"Normal/Mild": "normal_mild", "Moderate": "moderate", "Severe": "severe"}
WEIGHTS = {"normal_mild": 1, "moderate": 2, "severe": 4}
MISSING = 0.1


def degrees(ids: list[str], seed: int, missing: float) -> pd.DataFrame:
    """As train.csv writes them; of every place all three, the mild one mostly."""
    generator = np.random.default_rng(seed)
    table = pd.DataFrame(
        {place: generator.permutation(np.resize([*DEGREES, "Normal/Mild"], len(ids))) for place in PLACES},
        index=pd.Index(ids, name="study_id"),
    )
    return table.mask(generator.random(table.shape) < missing)


def named(table: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    return {
        str(row_id): tuple(f"{place}={DEGREES[label]}" for place, label in row.dropna().items())
        for row_id, row in table.iterrows()
    }


def draw() -> Miniature:
    train, test = degrees(numbered(16, "{}", 4003253), 0, MISSING), degrees(numbered(3, "{}", 44036939), 1, 0.0)
    entries: dict[str, bytes] = {}
    for part, ids, seed in (("train", train.index, 0), ("test", test.index, 500)):
        # Every second study has two series.
        series = [(row_id, str(7020 + 2 * at + one)) for at, row_id in enumerate(ids) for one in range(1 + at % 2)]
        for at, (row_id, one) in enumerate(series):
            for number in range(1, 3):
                entries[f"{part}_images/{row_id}/{one}/{number}.dcm"] = dicom(seed + 2 * at + number)
        studies, numbers = zip(*series, strict=True)
        described = {"study_id": studies, "series_id": numbers, "series_description": "Axial T2"}
        entries[f"{part}_series_descriptions.csv"] = csv(described)
    entries["train.csv"] = csv(train.reset_index())
    # The sample has its lines in an order of its own.
    lines = [f"{row_id}_{place}" for row_id in test.index for place in sorted(PLACES)]
    entries["sample_submission.csv"] = csv({"row_id": lines, **dict.fromkeys(WEIGHTS, 1 / 3)})
    return Miniature({"rsna-2024.zip": zipped(entries)}, named(train), named(test))


def test_a_line_of_probabilities_per_study_and_place(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "rsna-2024-lumbar-spine-degenerative-classification.yaml", miniature)

    known = int((np.load(places.targets) >= 0).sum())
    assert 0 < 16 * 25 - known == sum(25 - len(labels) for labels in miniature.labels.values())
    assert read_images(places.images).groupby("row").size().unique().tolist() == [2, 4]
    truth = {
        f"{row_id}_{place}": label
        for row_id, names in miniature.answers.items()
        for place, _, label in (name.partition("=") for name in names)
    }
    submission = grading.read(places.submission, list(truth), ["row_id", *WEIGHTS], exact=True)
    given = grading.distributions(submission)
    answers = pd.Series(truth)
    weights = answers.map(WEIGHTS)
    scores = [
        log_loss(answers[lines].map(list(WEIGHTS).index), given[lines], sample_weight=weights[lines], labels=range(3))
        for lines in (answers.index.str.contains(what) for what in ("canal", "foraminal", "subarticular"))
    ]
    assert np.mean(scores) < 0.1
    assert read_json(places.clipped / "metrics.json")["score"] < 0.1
