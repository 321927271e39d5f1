"""isic-2024-challenge: a JPEG per id in HDF5 files, measured columns, the area above a true-positive rate of 80 %."""

import io
from collections.abc import Iterable

import h5py
import numpy as np
from sklearn.metrics import roc_auc_score

from foldline.files.rows import read_rows, tabular_columns
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_file, numbered, zipped


def hdf5(ids: Iterable[str], first_seed: int) -> bytes:
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        for number, row_id in enumerate(ids):
            file[row_id] = np.void(image_file(first_seed + number))
    return stored.getvalue()


def measured(count: int) -> dict[str, list]:
    """Beside each image: numbers and places under names that begin alike."""
    return {
        "age_approx": [60.0, None] * (count // 2),
        "sex": ["male", ""] * (count // 2),
        "anatom_site_general": ["posterior torso", "lower extremity"] * (count // 2),
        "clin_size_long_diam_mm": [2.5 + number for number in range(count)],
        "tbp_lv_A": [20.2 + number for number in range(count)],
        "tbp_lv_symm_2axis": [0.3] * count,
        "tbp_lv_location": ["Torso Back Top Third", "Left Leg - Upper"] * (count // 2),
        "tbp_lv_location_simple": ["Torso Back", "Left Leg"] * (count // 2),
    }


def draw() -> Miniature:
    labels = assigned(numbered(40, "ISIC_{:07}"), ("0", "0", "0", "1"))
    answers = assigned(numbered(16, "ISIC_1{:06}"), ("0", "0", "0", "1"))
    entries = {"train-image.hdf5": hdf5(labels, 0), "test-image.hdf5": hdf5(answers, 100)}
    patients = [f"IP_{number // 4:07}" for number in range(40)]
    known = {"isic_id": labels.keys(), "target": labels.values(), "patient_id": patients}
    entries["train-metadata.csv"] = csv(known | measured(40) | {"tbp_lv_dnn_lesion_confidence": 97.5})
    entries["test-metadata.csv"] = csv({"isic_id": answers.keys(), "patient_id": "IP_9"} | measured(16))
    entries["sample_submission.csv"] = csv({"isic_id": answers.keys(), "target": 0.3})
    return Miniature({"isic-2024-challenge.zip": zipped(entries)}, labels, answers)


def test_the_partial_area_of_the_grader(enter: Enter) -> None:
    """As the competition's metric writes it: classes exchanged, the standardisation undone."""
    miniature = draw()
    places = enter(CARDS / "isic-2024-challenge.yaml", miniature)

    numbers = ["age_approx", "clin_size_long_diam_mm", "tbp_lv_A", "tbp_lv_symm_2axis"]
    categories = ["sex", "anatom_site_general", "tbp_lv_location", "tbp_lv_location_simple"]
    assert tabular_columns(read_rows(places.rows)) == [f"tabular:{name}" for name in (*numbers, *categories)]
    submission = grading.read(places.submission, list(miniature.answers), ["isic_id", "target"], exact=True)
    scores = grading.numbers(submission)[:, 0]
    benign = np.array(grading.of(miniature.answers)) == "0"
    scaled = roc_auc_score(benign, -scores, max_fpr=0.2)
    assert 0.5 * 0.2**2 + (0.2 - 0.5 * 0.2**2) / 0.5 * (scaled - 0.5) > 0.17
