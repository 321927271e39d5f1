"""dogs-vs-cats-redux-kernels-edition: the label begins the file's name, the test ids are bare numbers."""

import numpy as np
from sklearn.metrics import log_loss

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, dealt, numbered, pictures, zipped


def draw() -> Miniature:
    labels = {f"{animal}.{number}": animal for animal in ("cat", "dog") for number in range(12)}
    answers = dealt(numbered(12, "{}", 1), ("cat", "dog"))
    files = {
        "train.zip": zipped(pictures([f"train/{name}.jpg" for name in labels], 0)),
        "test.zip": zipped(pictures([f"test/{name}.jpg" for name in answers], 100)),
        "sample_submission.csv": csv({"id": answers.keys(), "label": 0.5}),
    }
    return Miniature({"dogs-vs-cats-redux-kernels-edition.zip": zipped(files)}, labels, answers)


def test_the_probability_of_a_dog(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "dogs-vs-cats-redux-kernels-edition.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "label"])
    probabilities = grading.numbers(submission, 0, 1)[:, 0]
    assert log_loss(np.array([answer == "dog" for answer in miniature.answers.values()]), probabilities) < 0.5
