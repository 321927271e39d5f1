"""cifar-10: images in 7z, train and test both numbered from 1, every line of the sample says the same class."""

from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped
from tests.competitions.packing import seven_zipped

CLASSES = ("airplane", "cat", "frog", "truck")


def draw() -> Miniature:
    labels, answers = assigned(numbered(24, "{}", 1), CLASSES), assigned(numbered(12, "{}", 1), CLASSES)
    served = {
        "train.7z": seven_zipped(image_files([f"train/{row_id}.png" for row_id in labels], 0)),
        "test.7z": seven_zipped(image_files([f"test/{row_id}.png" for row_id in answers], 100)),
        "trainLabels.csv": csv({"id": labels.keys(), "label": labels.values()}),
        "sampleSubmission.csv": csv({"id": answers.keys(), "label": "cat"}),
    }
    return Miniature({"cifar-10.zip": zipped(served)}, labels, answers)


def test_one_label_for_numbers_that_train_and_test_share(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "cifar-10.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "label"])
    assert accuracy_score(list(miniature.answers.values()), submission["label"]) > 0.9
