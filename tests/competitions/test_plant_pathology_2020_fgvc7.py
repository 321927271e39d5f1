"""plant-pathology-2020-fgvc7: a column of 0 and 1 per class in train, images of both parts in one folder."""

import numpy as np
from sklearn.metrics import roc_auc_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

STATES = ("healthy", "multiple_diseases", "rust", "scab")


def draw() -> Miniature:
    labels, answers = assigned(numbered(24, "Train_{}"), STATES), assigned(numbered(12, "Test_{}"), STATES)
    entries = image_files([f"images/{row_id}.jpg" for row_id in (*labels, *answers)], 0)
    one_hot = {state: [int(label == state) for label in labels.values()] for state in STATES}
    entries["train.csv"] = csv({"image_id": labels.keys(), **one_hot})
    entries["test.csv"] = csv({"image_id": answers.keys()})
    entries["sample_submission.csv"] = csv({"image_id": answers.keys(), **dict.fromkeys(STATES, 0.25)})
    sets, hidden = ({row_id: (label,) for row_id, label in part.items()} for part in (labels, answers))
    return Miniature({"plant-pathology-2020-fgvc7.zip": zipped(entries)}, sets, hidden)


def test_a_probability_per_state(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "plant-pathology-2020-fgvc7.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image_id", *STATES])
    probabilities = grading.numbers(submission, 0, 1)
    truth = np.array([[state in states for state in STATES] for states in miniature.answers.values()])
    assert np.mean([roc_auc_score(truth[:, column], probabilities[:, column]) for column in range(4)]) > 0.9
