"""cassava-leaf-disease-classification: images, and the same in TFRecords beside, which the card leaves alone."""

import json

from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped
from tests.competitions.packing import tf_record

DISEASES = {
    "0": "Cassava Bacterial Blight (CBB)",
    "1": "Cassava Brown Streak Disease (CBSD)",
    "2": "Cassava Green Mottle (CGM)",
    "3": "Cassava Mosaic Disease (CMD)",
    "4": "Healthy",
}


def draw() -> Miniature:
    labels = assigned(numbered(30, "{}.jpg", 1000015157), tuple(DISEASES))
    answers = assigned(numbered(10, "{}.jpg", 2216849948), tuple(DISEASES))
    entries = image_files([f"train_images/{name}" for name in labels], 0)
    entries |= image_files([f"test_images/{name}" for name in answers], 100)
    examples = [{"image": entries[f"train_images/{name}"], "image_name": name.encode(), "target": int(label)}
                for name, label in labels.items()]  # fmt: skip
    entries |= {
        "train_tfrecords/ld_train00-1338.tfrec": tf_record(examples),
        "label_num_to_disease_map.json": json.dumps(DISEASES).encode(),
        "train.csv": csv({"image_id": labels.keys(), "label": labels.values()}),
        "sample_submission.csv": csv({"image_id": answers.keys(), "label": 4}),
    }
    return Miniature({"cassava-leaf-disease-classification.zip": zipped(entries)}, labels, answers)


def test_diseases_by_number(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "cassava-leaf-disease-classification.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image_id", "label"])
    assert accuracy_score(grading.of(miniature.answers), grading.integers(submission["label"])) > 0.9
