"""seti-breakthrough-listen: float16 arrays of six channels, channels first, in folders by the id's first character."""

import io

import numpy as np
from sklearn.metrics import roc_auc_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, numbered, pixels, zipped


def cadence(seed: int) -> bytes:
    """Six observations of a star, (6, 27, 25): values around 0, as the competition normalised them."""
    values = (pixels(seed, 27, 25, 6).transpose(2, 0, 1) / 64 - 2).astype(np.float16)
    stored = io.BytesIO()
    np.save(stored, values)
    return stored.getvalue()


def draw() -> Miniature:
    labels, answers = (
        assigned(numbered(24, "{:x}00034abb3629", 1), "001"),
        assigned(numbered(12, "{:x}0012e3c7ae27", 1), "01"),
    )
    entries = {f"train/{row_id[0]}/{row_id}.npy": cadence(seed) for seed, row_id in enumerate(labels)}
    entries |= {f"test/{row_id[0]}/{row_id}.npy": cadence(100 + seed) for seed, row_id in enumerate(answers)}
    entries["train_labels.csv"] = csv({"id": labels.keys(), "target": labels.values()})
    entries["sample_submission.csv"] = csv({"id": answers.keys(), "target": 0.5})
    return Miniature({"seti-breakthrough-listen.zip": zipped(entries)}, labels, answers)


def test_probabilities_of_six_channels(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "seti-breakthrough-listen.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "target"])
    probabilities = grading.numbers(submission, 0, 1)[:, 0]
    assert roc_auc_score(np.array(list(miniature.answers.values()), int), probabilities) > 0.9
