"""dogs-vs-cats-redux-kernels-edition: the label begins the file's name, the test ids are bare numbers.

Kaggle's archives hold a folder of their own name, MLE-bench's none.
"""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped


def draw(folders: bool = True) -> Miniature:
    labels = {f"{animal}.{number}": animal for animal in ("cat", "dog") for number in range(12)}
    answers = assigned(numbered(12, "{}", 1), ("cat", "dog"))
    train, test = ("train/", "test/") if folders else ("", "")
    files = {
        "train.zip": zipped(image_files([f"{train}{name}.jpg" for name in labels], 0)),
        "test.zip": zipped(image_files([f"{test}{name}.jpg" for name in answers], 100)),
        "sample_submission.csv": csv({"id": answers.keys(), "label": 0.5}),
    }
    return Miniature({"dogs-vs-cats-redux-kernels-edition.zip": zipped(files)}, labels, answers)


@pytest.mark.parametrize("folders", [True, False])
def test_the_probability_of_a_dog(enter: Enter, folders: bool) -> None:
    miniature = draw(folders)
    places = enter(CARDS / "dogs-vs-cats-redux-kernels-edition.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "label"])
    probabilities = grading.numbers(submission, 0, 1)[:, 0]
    assert log_loss(np.array([answer == "dog" for answer in miniature.answers.values()]), probabilities) < 0.5
