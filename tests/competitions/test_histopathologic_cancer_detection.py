"""histopathologic-cancer-detection: tif files by the hash that is their id."""

from sklearn.metrics import roc_auc_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped


def draw() -> Miniature:
    labels = assigned(numbered(24, "f38a6374c348f90b587e046aac607995{:08x}"), "01")
    answers = assigned(numbered(12, "0b2ea2a822ad23fdb1b5dd26653da899{:08x}"), "01")
    entries = image_files([f"train/{name}.tif" for name in labels], 0)
    entries |= image_files([f"test/{name}.tif" for name in answers], 100)
    entries["train_labels.csv"] = csv({"id": labels.keys(), "label": labels.values()})
    entries["sample_submission.csv"] = csv({"id": answers.keys(), "label": 0})
    return Miniature({"histopathologic-cancer-detection.zip": zipped(entries)}, labels, answers)


def test_probabilities_of_tumour(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "histopathologic-cancer-detection.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "label"])
    truth = [int(label) for label in grading.of(miniature.answers)]
    assert roc_auc_score(truth, grading.numbers(submission, 0, 1)[:, 0]) > 0.9
