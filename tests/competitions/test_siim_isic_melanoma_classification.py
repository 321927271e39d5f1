"""siim-isic-melanoma-classification: the same images as jpeg, DICOM and tfrecords; patients; columns beside them."""

import numpy as np
from sklearn.metrics import roc_auc_score

from foldline.files.rows import read_rows, tabular_columns
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

SITES = ("torso", "lower extremity", "")


def beside(count: int) -> dict[str, list]:
    return {
        "patient_id": [f"IP_{number // 3:07}" for number in range(count)],
        "sex": ["male", "female", ""] * (count // 3),
        "age_approx": [45.0, 50.0, None] * (count // 3),
        "anatom_site_general_challenge": [SITES[number % 3] for number in range(count)],
    }


def draw() -> Miniature:
    labels, answers = assigned(numbered(30, "ISIC_{:07}"), "0001"), assigned(numbered(12, "ISIC_{:07}", 100), "0001")
    entries = image_files([f"jpeg/train/{row_id}.jpg" for row_id in labels], 0)
    entries |= image_files([f"jpeg/test/{row_id}.jpg" for row_id in answers], 100)
    entries |= {f"train/{row_id}.dcm": b"DICM" for row_id in labels}
    entries |= {"tfrecords/train00-2071.tfrec": b"records"}
    train = {"diagnosis": "nevus", "benign_malignant": "benign", "target": labels.values()}
    entries["train.csv"] = csv({"image_name": labels.keys(), **beside(30), **train})
    entries["test.csv"] = csv({"image_name": answers.keys(), **beside(12)})
    entries["sample_submission.csv"] = csv({"image_name": answers.keys(), "target": 0})
    return Miniature({"siim-isic-melanoma-classification.zip": zipped(entries)}, labels, answers)


def test_probabilities_from_the_jpegs(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "siim-isic-melanoma-classification.yaml", miniature)

    rows = read_rows(places.rows)
    assert tabular_columns(rows) == ["tabular:age_approx", "tabular:sex", "tabular:anatom_site_general_challenge"]
    assert rows["tabular:age_approx"].isna().sum() == rows["tabular:sex"].isna().sum() == 14
    submission = grading.read(places.submission, list(miniature.answers), ["image_name", "target"])
    probabilities = grading.numbers(submission, 0, 1)[:, 0]
    truth = np.array([answer == "1" for answer in miniature.answers.values()])
    assert roc_auc_score(truth, probabilities) > 0.9
