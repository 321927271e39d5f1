"""isic-2024-challenge: few positives, patients, the area under the curve above a true-positive rate of 80 %."""

import numpy as np
from sklearn.metrics import roc_auc_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, dealt, numbered, pictures, zipped


def draw() -> Miniature:
    labels = dealt(numbered(40, "ISIC_{:07}"), ("0", "0", "0", "1"))
    answers = dealt(numbered(16, "ISIC_1{:06}"), ("0", "0", "0", "1"))
    members = pictures([f"train-image/image/{row_id}.jpg" for row_id in labels], 0)
    members |= pictures([f"test-image/image/{row_id}.jpg" for row_id in answers], 100)
    patients = [f"IP_{number // 4:07}" for number in range(40)]
    members["train-metadata.csv"] = csv({"isic_id": labels.keys(), "target": labels.values(), "patient_id": patients})
    members["test-metadata.csv"] = csv({"isic_id": answers.keys(), "patient_id": "IP_9"})
    members["sample_submission.csv"] = csv({"isic_id": answers.keys(), "target": 0.3})
    return Miniature({"isic-2024-challenge.zip": zipped(members)}, labels, answers)


def test_the_partial_area_of_the_grader(enter: Enter) -> None:
    """As the competition's metric writes it: classes exchanged, the standardisation undone."""
    miniature = draw()
    places = enter(CARDS / "isic-2024-challenge.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["isic_id", "target"], exact=True)
    scores = grading.numbers(submission)[:, 0]
    benign = np.array(grading.of(miniature.answers)) == "0"
    scaled = roc_auc_score(benign, -scores, max_fpr=0.2)
    assert 0.5 * 0.2**2 + (0.2 - 0.5 * 0.2**2) / 0.5 * (scaled - 0.5) > 0.17
