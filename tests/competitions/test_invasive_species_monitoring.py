"""invasive-species-monitoring: images in 7z, tables in zips, train and test numbered alike.

MLE-bench packs a folder by its absolute path, which then stands before every name.
"""

import pytest
from sklearn.metrics import roc_auc_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped
from tests.competitions.packing import seven_zipped

ABSOLUTE = "root/.cache/mle-bench/data/invasive-species-monitoring/prepared/public/"


def draw(above: str = "") -> Miniature:
    labels, answers = assigned(numbered(24, "{}", 1), "01"), assigned(numbered(12, "{}", 1 if not above else 25), "01")
    tables = {
        "train_labels.csv": csv({"name": labels.keys(), "invasive": labels.values()}),
        "sample_submission.csv": csv({"name": answers.keys(), "invasive": 0.5}),
    }
    entries = {
        "train.7z": seven_zipped(image_files([f"{above}train/{name}.jpg" for name in labels], 0)),
        "test.7z": seven_zipped(image_files([f"{above}test/{name}.jpg" for name in answers], 100)),
        **{f"{name}.zip": zipped({name: content}) for name, content in tables.items()},
    }
    return Miniature({"invasive-species-monitoring.zip": zipped(entries)}, labels, answers)


@pytest.mark.parametrize("above", ["", ABSOLUTE])
def test_folders_above_those_of_the_card(enter: Enter, above: str) -> None:
    miniature = draw(above)
    places = enter(CARDS / "invasive-species-monitoring.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["name", "invasive"])
    truth = [int(label) for label in grading.of(miniature.answers)]
    assert roc_auc_score(truth, grading.numbers(submission, 0, 1)[:, 0]) > 0.9
