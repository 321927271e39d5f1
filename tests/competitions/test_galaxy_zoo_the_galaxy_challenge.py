"""galaxy-zoo-the-galaxy-challenge: thirty-seven numbers per galaxy, one RMSE of all of them."""

import numpy as np
import pandas as pd
import yaml

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped

CARD = CARDS / "galaxy-zoo-the-galaxy-challenge.yaml"
COLUMNS: list[str] = yaml.safe_load(CARD.read_text())["target"]["values"]["columns"]


def draw(missing_share: float = 0.0) -> Miniature:
    """The sample's columns stand in another order than the train table's; some of its numbers may be missing."""
    generator = np.random.default_rng(0)
    ids, test_ids = numbered(30, "{}", 100008), numbered(12, "{}", 200008)
    sample_columns = COLUMNS[::-1]
    shares, answers = (pd.DataFrame(generator.uniform(size=(n, 37)).round(4), columns=COLUMNS) for n in (30, 12))
    shares = shares.mask(generator.uniform(size=shares.shape) < missing_share)
    files = {
        "images_training_rev1.zip": zipped(image_files([f"images_training_rev1/{row_id}.jpg" for row_id in ids], 0)),
        "images_test_rev1.zip": zipped(image_files([f"images_test_rev1/{row_id}.jpg" for row_id in test_ids], 100)),
        "training_solutions_rev1.zip": zipped({"training_solutions_rev1.csv": csv({"GalaxyID": ids, **shares})}),
        "all_zeros_benchmark.zip": zipped(
            {"all_zeros_benchmark.csv": csv({"GalaxyID": test_ids, **dict.fromkeys(sample_columns, 0)})}
        ),
    }
    labels, hidden = (
        dict(zip(row_ids, map(tuple, values[sample_columns].to_numpy().tolist()), strict=True))
        for row_ids, values in ((ids, shares), (test_ids, answers))
    )
    return Miniature(files, labels, hidden)


def test_a_column_per_number_within_the_range(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARD, miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["GalaxyID", *COLUMNS[::-1]], exact=True)
    values, truth = grading.numbers(submission, 0, 1), np.array(list(miniature.answers.values()))
    assert np.sqrt(np.mean((values - truth) ** 2)) < 0.45
    assert np.corrcoef(values.ravel(), truth.ravel())[0, 1] > 0.5, "each column is where its title is"
