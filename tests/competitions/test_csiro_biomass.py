"""csiro-biomass: a csv line per image and component, in train and sample; one R² in which components weigh."""

import numpy as np
from sklearn.metrics import r2_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped

WEIGHTS = {"Dry_Clover_g": 0.1, "Dry_Dead_g": 0.1, "Dry_Green_g": 0.1, "Dry_Total_g": 0.5, "GDM_g": 0.2}


def draw() -> Miniature:
    generator = np.random.default_rng(0)
    images, test_images = numbered(30, "ID1{:09}"), numbered(12, "ID2{:09}")
    labels, answers = (
        {row_id: tuple(generator.uniform(0, 90, 5).round(3).tolist()) for row_id in ids}
        for ids in ([f"train/{image}.jpg" for image in images], test_images)
    )
    entries = image_files(list(labels), 0) | image_files([f"test/{image}.jpg" for image in test_images], 100)
    entries["train.csv"] = csv(
        {
            "sample_id": [f"{image}__{name}" for image in images for name in WEIGHTS],
            "image_path": [path for path in labels for _ in WEIGHTS],
            "State": "Tas",
            "target_name": list(WEIGHTS) * len(images),
            "target": [number for numbers in labels.values() for number in numbers],
        }
    )
    entries["sample_submission.csv"] = csv({"sample_id": sample_ids(test_images), "target": 0.0})
    return Miniature({"csiro-biomass.zip": zipped(entries)}, labels, answers)


def sample_ids(images: list[str]) -> list[str]:
    return [f"{image}__{name}" for image in images for name in reversed(WEIGHTS)]


def test_a_line_per_image_and_component(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "csiro-biomass.yaml", miniature)

    images = list(miniature.answers)
    submission = grading.read(places.submission, sample_ids(images), ["sample_id", "target"], exact=True)
    found = grading.numbers(submission)[:, 0].reshape(12, 5)[:, ::-1].ravel()
    truth = np.array(list(miniature.answers.values())).ravel()
    assert r2_score(truth, found, sample_weight=list(WEIGHTS.values()) * 12) > 0.9
