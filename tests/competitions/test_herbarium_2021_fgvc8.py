"""herbarium-2021-fgvc8: a json within the folder whose images it names, test ids that are numbers."""

import json

from sklearn.metrics import f1_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

CATEGORIES = ("0", "31", "6499", "64499")


def draw() -> Miniature:
    files, labels, answers = draw_herbarium("", "institutions")
    return Miniature({"herbarium-2021-fgvc8.zip": zipped(files)}, labels, answers)


def draw_herbarium(above: str, places: str, encoding: str = "ascii") -> tuple[dict[str, bytes], dict, dict]:
    """above: the folder of train and test. places: what the json lists of where plants were found, or are kept."""
    labels, answers = assigned(numbered(24, "{}", 354106), CATEGORIES), assigned(numbered(12, "{}"), CATEGORIES)
    train = {
        row_id: f"images/{int(label) // 100:03}/{int(label) % 100:02}/{row_id}.jpg" for row_id, label in labels.items()
    }
    test = {row_id: f"images/000/{row_id}.jpg" for row_id in answers}
    described = {
        "annotations": [
            {"category_id": int(label), "id": int(row_id), "image_id": int(row_id), f"{places[:-1]}_id": 0}
            for row_id, label in labels.items()
        ],
        "categories": [
            {"id": int(category), "name": f"Carex {category} Schrödinger", "family": "Cyperaceae", "order": "Poales"}
            for category in CATEGORIES
        ],
        "images": [_described(row_id, path) for row_id, path in train.items()],
        "info": {"year": 2021},
        "licenses": [{"id": 1, "name": "CC"}],
        places: [{"id": 0, "name": "New York Botanical Garden"}],
    }
    described_test = {
        "images": [_described(row_id, path) for row_id, path in test.items()],
        "info": {"year": 2021},
        "licenses": [{"id": 1, "name": "CC"}],
    }
    files = image_files([f"{above}train/{path}" for path in train.values()], 0)
    files |= image_files([f"{above}test/{path}" for path in test.values()], 100)
    files |= {
        f"{above}train/metadata.json": json.dumps(described, ensure_ascii=encoding == "ascii").encode(encoding),
        f"{above}test/metadata.json": json.dumps(described_test).encode(),
        "sample_submission.csv": csv({"Id": answers.keys(), "Predicted": 0}),
    }
    return files, labels, answers


def _described(row_id: str, path: str) -> dict[str, object]:
    return {"file_name": path, "height": 1000, "id": int(row_id), "license": 1, "width": 666}


def test_the_answers_are_category_ids(enter: Enter) -> None:
    grade(enter, "herbarium-2021-fgvc8", draw())


def grade(enter: Enter, slug: str, miniature: Miniature) -> None:
    places = enter(CARDS / f"{slug}.yaml", miniature)
    submission = grading.read(places.submission, list(miniature.answers), ["Id", "Predicted"])
    predicted = grading.integers(submission["Predicted"])
    assert f1_score(grading.of(miniature.answers), predicted, average="macro") > 0.8
