"""Train labels that the sample submission writes in another way: a column of 0 and 1 per class, names with spaces."""

from pathlib import Path

import yaml
from sklearn.metrics import log_loss

from tests.competitions import grading, test_dog_breed_identification
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, zipped

BREEDS = test_dog_breed_identification.BREEDS


def test_steps_make_them_alike(enter: Enter, tmp_path: Path) -> None:
    miniature = with_one_hot_labels(test_dog_breed_identification.draw())
    card = yaml.safe_load((CARDS / "dog-breed-identification.yaml").read_text())
    card["layout"]["train"]["table"] = [
        "one_hot.csv",
        {"kind": "one_hot", "columns": [in_words(breed) for breed in BREEDS], "into": "breed"},
        {"kind": "substitute", "column": "breed", "pattern": " ", "by": "_"},
    ]
    path = tmp_path / "cards" / "dog-breed-identification.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(card))

    places = enter(path, miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", *BREEDS])
    probabilities = grading.distributions(submission)
    assert log_loss(list(miniature.answers.values()), probabilities, labels=BREEDS) < 0.5


def in_words(breed: str) -> str:
    return breed.replace("_", " ")


def with_one_hot_labels(drawn: Miniature) -> Miniature:
    columns = {in_words(breed): [float(label == breed) for label in drawn.labels.values()] for breed in BREEDS}
    table = {"one_hot.csv": csv({"id": drawn.labels.keys(), **columns})}
    return Miniature({**drawn.files, "one_hot.zip": zipped(table)}, drawn.labels, drawn.answers)
