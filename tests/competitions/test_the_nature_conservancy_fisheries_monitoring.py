"""the-nature-conservancy-fisheries-monitoring: folders as labels, two stages of test images, zips and a 7z in a zip."""

import numpy as np
from sklearn.metrics import log_loss

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped
from tests.competitions.packing import seven_zipped

FISH = ("ALB", "BET", "NoF")


def draw() -> Miniature:
    labels = assigned(numbered(24, "img_{:05}.jpg", 3), FISH)
    first, second = numbered(6, "img_{:05}.jpg", 5000), numbered(6, "test_stg2/image_{:05}.jpg", 1)
    answers = assigned([*first, *second], FISH)
    train = image_files([f"train/{fish}/{name}" for name, fish in labels.items()], 0)
    files = {
        "train.zip": zipped(train),
        "test_stg1.zip": zipped(image_files([f"test_stg1/{name}" for name in first], 100)),
        "test_stg2.7z": seven_zipped(image_files(second, 200)),
        "sample_submission_stg2.csv.zip": zipped(
            {"sample_submission_stg2.csv": csv({"image": answers.keys(), **dict.fromkeys(FISH, 1 / 3)})}
        ),
    }
    return Miniature({"fisheries.zip": zipped(files)}, labels, answers)


def test_two_stages_of_test_images(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "the-nature-conservancy-fisheries-monitoring.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image", *FISH], exact=True)
    probabilities = grading.distributions(submission)
    truth = [FISH.index(fish) for fish in map(str, miniature.answers.values())]
    assert log_loss(np.array(truth), probabilities) < 0.5
