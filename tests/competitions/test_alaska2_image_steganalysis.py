"""alaska2-image-steganalysis: no table, the label is the folder, an image stands in four folders under one name."""

import numpy as np
from sklearn.metrics import roc_curve

from foldline.folds.folds_table import read_folds
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

FOLDERS = ("Cover", "JMiPOD", "JUNIWARD", "UERD")


def draw() -> Miniature:
    stems, tests = numbered(10, "{:05}", 1), numbered(12, "{:04}.jpg", 1)
    entries = {}
    for number, stem in enumerate(stems):
        entries |= image_files([f"{folder}/{stem}.jpg" for folder in FOLDERS], 10 * number)
    entries |= image_files([f"Test/{name}" for name in tests], 500)
    entries["sample_submission.csv"] = csv({"Id": tests, "Label": 0})
    labels = {f"{folder}/{stem}": folder for stem in stems for folder in FOLDERS}
    return Miniature({"alaska2-image-steganalysis.zip": zipped(entries)}, labels, assigned(tests, FOLDERS))


def weighted_auc(truth: np.ndarray, scores: np.ndarray) -> float:
    """The area where the true-positive rate is below 0.4 counts twice; a perfect ranking has 1."""
    false, true, _ = roc_curve(truth, scores)
    below, above = (np.trapezoid(np.clip(true, *band) - band[0], false) for band in ((0, 0.4), (0.4, 1)))
    return float(2 * below + above) / 1.4


def test_covers_rank_below_the_rest_and_the_images_of_a_name_share_a_fold(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "alaska2-image-steganalysis.yaml", miniature)

    scores = grading.numbers(grading.read(places.submission, list(miniature.answers), ["Id", "Label"]))[:, 0]
    truth = np.array([folder != "Cover" for folder in miniature.answers.values()])
    assert weighted_auc(truth, scores) > 0.9

    folds = read_folds(places.folds)
    stems = folds["row_id"].str.split("/").str[1]
    assert folds.groupby(stems)["fold"].nunique().tolist() == [1] * 10
