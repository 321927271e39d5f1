"""intel-mobileodt-cervical-cancer-screening: a folder per class, and three more archives with the same numbers anew."""

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped
from tests.competitions.packing import seven_zipped

TYPES = ("Type_1", "Type_2", "Type_3")


def draw() -> Miniature:
    images = [(type_, number) for number in range(8) for type_ in TYPES]
    labels = {f"{number}.jpg": type_ for number, (type_, _) in enumerate(images)}
    more = {f"additional/{type_}/{number}.jpg": type_ for type_ in TYPES for number in range(3)}
    answers = assigned(numbered(9, "{}.jpg"), TYPES)
    files = {
        "train.7z": seven_zipped(image_files([f"train/{type_}/{name}" for name, type_ in labels.items()], 0)),
        "test.7z": seven_zipped(image_files([f"test/{name}" for name in answers], 100)),
        "sample_submission.csv.zip": zipped(
            {"sample_submission.csv": csv({"image_name": answers.keys(), "Type_1": 0.2, "Type_2": 0.5, "Type_3": 0.3})}
        ),
    }
    for place, type_ in enumerate(TYPES):
        name = f"additional_{type_}_v2"
        taken = image_files([f"{name}/{type_}/{number}.jpg" for number in range(3)], 200 + 10 * place)
        files[f"{name}.7z"] = seven_zipped(taken)
    labels = {f"{type_}/{name}": type_ for name, type_ in labels.items()} | more
    return Miniature({"intel-mobileodt.zip": zipped(files)}, labels, answers)


def test_a_distribution_over_three_types(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "intel-mobileodt-cervical-cancer-screening.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image_name", *TYPES], exact=True)
    truth = pd.Index(TYPES).get_indexer(list(miniature.answers.values()))
    assert log_loss(truth, grading.distributions(submission), labels=np.arange(3)) < 0.5
