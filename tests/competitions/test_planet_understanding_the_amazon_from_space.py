"""planet-understanding-the-amazon-from-space: tags of a scene, archives of tar in 7z, the mean over rows of F2."""

import numpy as np
from sklearn.metrics import fbeta_score
from sklearn.preprocessing import MultiLabelBinarizer

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped
from tests.competitions.packing import seven_zipped, tarred

WEATHER = ("clear", "cloudy", "haze", "partly_cloudy")
GROUND = ("agriculture", "primary", "road", "water")


def tags(ids: list[str]) -> dict[str, tuple[str, ...]]:
    """Of each scene one kind of weather, and up to two of what is on the ground."""
    generator = np.random.default_rng(len(ids))
    return {
        row_id: (str(generator.choice(WEATHER)), *map(str, generator.choice(GROUND, generator.integers(3), False)))
        for row_id in ids
    }


def draw() -> Miniature:
    labels, answers = tags(numbered(40, "train_{}")), tags(numbered(12, "test_{}"))
    train = image_files([f"train-jpg/{row_id}.jpg" for row_id in labels], 0)
    test = image_files([f"test-jpg/{row_id}.jpg" for row_id in answers], 100)
    sample = csv({"image_name": answers.keys(), "tags": "primary clear agriculture road water"})
    files = {
        "train-jpg.tar.7z": seven_zipped({"train-jpg.tar": tarred(train)}),
        "test-jpg.tar.7z": seven_zipped({"test-jpg.tar": tarred(test)}),
        "train_v2.csv.zip": zipped(
            {"train_v2.csv": csv({"image_name": labels.keys(), "tags": map(" ".join, labels.values())})}
        ),
        "sample_submission_v2.csv.zip": zipped({"sample_submission_v2.csv": sample}),
    }
    return Miniature(files, labels, answers)


def test_every_scene_has_tags_and_the_mean_f2_is_high(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "planet-understanding-the-amazon-from-space.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image_name", "tags"], exact=True)
    binarizer = MultiLabelBinarizer(classes=[*WEATHER, *GROUND])
    truth = binarizer.fit_transform(miniature.answers.values())
    found = grading.words(submission["tags"])
    assert all(found), "no set is empty"
    assert fbeta_score(truth, binarizer.transform(found), beta=2, average="samples") > 0.85
