"""herbarium-2022-fgvc9: COCO-like json whose test part is a bare list, labels that are numbers with gaps."""

import json

from sklearn.metrics import f1_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

CATEGORIES = ("2", "10", "155", "15504")


def draw() -> Miniature:
    labels = assigned(numbered(24, "15504__{:03}"), CATEGORIES)
    answers = assigned(numbered(12, "{}"), CATEGORIES)
    train_images = [
        {"image_id": row_id, "file_name": f"{category[:3]:>03}/{category[3:]:>02}/{row_id}.jpg", "license": 0}
        for row_id, category in labels.items()
    ]
    test_images = [
        {"image_id": row_id, "file_name": f"000/test-{int(row_id):06}.jpg", "license": 0} for row_id in answers
    ]
    train = {
        "annotations": [
            {"genus_id": 1, "institution_id": 0, "category_id": int(category), "image_id": row_id}
            for row_id, category in labels.items()
        ],
        "images": train_images,
        "categories": [
            {"category_id": int(category), "scientificName": f"Abies {category}"} for category in CATEGORIES
        ],
        "genera": [{"genus_id": 1, "genus": "Abies"}],
        "institutions": [{"institution_id": 0, "collectionCode": "NY"}],
        "distances": [{"genus_id_x": 1, "genus_id_y": 1, "distance": 0.0}],
        "license": [{"id": 0, "name": "CC"}],
    }
    entries = image_files([f"train_images/{image['file_name']}" for image in train_images], 0)
    entries |= image_files([f"test_images/{image['file_name']}" for image in test_images], 100)
    entries["train_metadata.json"] = json.dumps(train).encode()
    entries["test_metadata.json"] = json.dumps(test_images).encode()
    entries["sample_submission.csv"] = csv({"Id": answers.keys(), "Predicted": 42})
    return Miniature({"herbarium-2022-fgvc9.zip": zipped(entries)}, labels, answers)


def test_the_answers_are_category_ids(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "herbarium-2022-fgvc9.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["Id", "Predicted"])
    predicted = grading.integers(submission["Predicted"])
    assert f1_score(list(miniature.answers.values()), predicted, average="macro") > 0.8
