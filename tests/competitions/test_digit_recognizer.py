"""digit-recognizer: pixels in the columns of a csv, no ids; the sample counts the lines of test.csv from 1."""

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score

from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, numbered, pixels


def lines_of_pixels(first_seed: int, count: int) -> pd.DataFrame:
    grey = np.stack([pixels(first_seed + number, 28, 28, 1).ravel() for number in range(count)])
    return pd.DataFrame(grey, columns=[f"pixel{place}" for place in range(784)])


def draw() -> Miniature:
    labels, answers = assigned(numbered(20, "{}", 1), "0123"), assigned(numbered(10, "{}", 1), "0123")
    train = lines_of_pixels(0, 20)
    train.insert(0, "label", list(labels.values()))
    files = {
        "train.csv": csv(train),
        "test.csv": csv(lines_of_pixels(100, 10)),
        "sample_submission.csv": csv({"ImageId": answers.keys(), "Label": 0}),
    }
    return Miniature(files, labels, answers)


def test_a_line_is_an_image(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "digit-recognizer.yaml", miniature)

    images = read_images(places.images)
    assert len(images) == 30 and set(images["height"]) == {28}
    submission = grading.read(places.submission, list(miniature.answers), ["ImageId", "Label"], exact=True)
    found = grading.integers(submission["Label"])
    assert accuracy_score(list(miniature.answers.values()), found) > 0.9
