"""petfinder-pawpularity-score: a number from 1 to 100, and twelve flags beside each image."""

import numpy as np
from sklearn.metrics import root_mean_squared_error

from foldline.files.rows import read_rows, tabular_columns
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

FLAGS = (
    "Subject Focus", "Eyes", "Face", "Near", "Action", "Accessory",
    "Group", "Collage", "Human", "Occlusion", "Info", "Blur",
)  # fmt: skip
SCORES = ("1", "20", "35", "50", "80", "100")


def draw() -> Miniature:
    labels = assigned(numbered(30, "{:032x}"), SCORES)
    answers = assigned(numbered(12, "{:032x}", 100), SCORES)
    flags = np.random.default_rng(0).integers(0, 2, (12, 42))
    train, test = (dict(zip(FLAGS, part, strict=True)) for part in (flags[:, :30], flags[:, 30:]))
    entries = image_files([f"train/{row_id}.jpg" for row_id in labels], 0)
    entries |= image_files([f"test/{row_id}.jpg" for row_id in answers], 100)
    entries["train.csv"] = csv({"Id": labels.keys(), **train, "Pawpularity": labels.values()})
    entries["test.csv"] = csv({"Id": answers.keys(), **test})
    entries["sample_submission.csv"] = csv({"Id": answers.keys(), "Pawpularity": 50.0})
    return Miniature({"petfinder-pawpularity-score.zip": zipped(entries)}, labels, answers)


def test_numbers_stay_within_the_range(enter: Enter) -> None:
    """The oracle's noise leaves the range around 1 and 100; the grader would refuse it there."""
    miniature = draw()
    places = enter(CARDS / "petfinder-pawpularity-score.yaml", miniature)

    rows = read_rows(places.rows)
    assert tabular_columns(rows) == [f"tabular:{flag}" for flag in FLAGS]
    assert set(rows[tabular_columns(rows)].to_numpy().ravel()) == {0.0, 1.0}
    submission = grading.read(places.submission, list(miniature.answers), ["Id", "Pawpularity"])
    values = grading.numbers(submission, 1, 100)[:, 0]
    assert root_mean_squared_error(np.array(list(miniature.answers.values()), float), values) < 10
