"""human-protein-atlas-image-classification: four grey files are the channels of one image, sets of labels."""

import numpy as np
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from foldline.pixels.cache import read_pixels_key
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped

LOCATIONS = ("0", "2", "16", "25")
STAINS = ("red", "green", "blue", "yellow")


def draw() -> Miniature:
    pairs = [(LOCATIONS[number % 4], LOCATIONS[(number // 2 + number % 4 + 1) % 4]) for number in range(42)]
    sets = [tuple(dict.fromkeys(pair)) for pair in pairs]
    ids = numbered(42, "00070df0-bbc3-11e8-b2bc-{:012x}")
    labels, answers = dict(zip(ids[:30], sets[:30], strict=True)), dict(zip(ids[30:], sets[30:], strict=True))
    entries = image_files([f"train/{row_id}_{stain}.png" for row_id in labels for stain in STAINS], 0, "L")
    entries |= image_files([f"test/{row_id}_{stain}.png" for row_id in answers for stain in STAINS], 500, "L")
    entries["train.csv"] = csv({"Id": labels.keys(), "Target": map(" ".join, labels.values())})
    entries["sample_submission.csv"] = csv({"Id": answers.keys(), "Predicted": 0})
    return Miniature({"human-protein-atlas-image-classification.zip": zipped(entries)}, labels, answers)


def test_four_files_are_one_image_of_four_channels(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "human-protein-atlas-image-classification.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["Id", "Predicted"])
    binarizer = MultiLabelBinarizer(classes=LOCATIONS)
    truth, predicted = (
        binarizer.fit_transform(sets) for sets in (miniature.answers.values(), grading.words(submission["Predicted"]))
    )
    assert f1_score(truth, predicted, average="macro") > 0.8
    assert np.array_equal(predicted.any(axis=1), np.ones(12, bool))
    assert read_pixels_key(places.pixels).channels == 4
