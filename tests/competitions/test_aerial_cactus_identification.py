"""aerial-cactus-identification: archives with a folder as Kaggle serves them, and without as MLE-bench packs them."""

import pytest
from sklearn.metrics import roc_auc_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped


def draw(folders: bool = True) -> Miniature:
    labels = assigned(numbered(24, "0004be2cfeaba1c0361d39e2b0{:06x}.jpg"), "01")
    answers = assigned(numbered(12, "000940378805c44108d287872b{:06x}.jpg"), "01")
    train, test = ("train/", "test/") if folders else ("", "")
    entries = {
        "train.zip": zipped(image_files([f"{train}{name}" for name in labels], 0)),
        "test.zip": zipped(image_files([f"{test}{name}" for name in answers], 100)),
        "train.csv": csv({"id": labels.keys(), "has_cactus": labels.values()}),
        "sample_submission.csv": csv({"id": answers.keys(), "has_cactus": 0.5}),
    }
    return Miniature({"aerial-cactus-identification.zip": zipped(entries)}, labels, answers)


@pytest.mark.parametrize("folders", [True, False])
def test_archives_with_and_without_their_folder(enter: Enter, folders: bool) -> None:
    miniature = draw(folders)
    places = enter(CARDS / "aerial-cactus-identification.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "has_cactus"])
    truth = [int(label) for label in grading.of(miniature.answers)]
    assert roc_auc_score(truth, grading.numbers(submission, 0, 1)[:, 0]) > 0.9
