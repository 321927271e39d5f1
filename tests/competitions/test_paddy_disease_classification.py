"""paddy-disease-classification: train images in a folder per label, the sample's labels blank."""

from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

DISEASES = ("bacterial_leaf_blight", "blast", "normal")


def draw() -> Miniature:
    labels = assigned(numbered(24, "{}.jpg", 100330), DISEASES)
    answers = assigned(numbered(12, "{:06}.jpg", 1), DISEASES)
    entries = image_files([f"train_images/{label}/{row_id}" for row_id, label in labels.items()], 0)
    entries |= image_files([f"test_images/{row_id}" for row_id in answers], 100)
    entries["train.csv"] = csv(
        {"image_id": labels.keys(), "label": labels.values(), "variety": "ADT45", "age": [45 + n for n in range(24)]}
    )
    entries["sample_submission.csv"] = csv({"image_id": answers.keys(), "label": ""})
    return Miniature({"paddy-disease-classification.zip": zipped(entries)}, labels, answers)


def test_one_label_as_text(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "paddy-disease-classification.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image_id", "label"])
    assert accuracy_score(list(miniature.answers.values()), submission["label"]) > 0.9
