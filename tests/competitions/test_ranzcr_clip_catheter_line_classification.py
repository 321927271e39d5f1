"""ranzcr-clip-catheter-line-classification: eleven columns in train, nine in the sample, grey images, patients."""

import numpy as np
from sklearn.metrics import roc_auc_score

from foldline.folds.folds_table import read_folds
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped

SCORED = (
    "ETT - Abnormal", "ETT - Borderline", "ETT - Normal", "NGT - Abnormal", "NGT - Borderline",
    "NGT - Incompletely Imaged", "NGT - Normal", "CVC - Abnormal", "CVC - Borderline",
)  # fmt: skip
COLUMNS = (*SCORED, "CVC - Normal", "Swan Ganz Catheter Present")


def findings(ids: list[str]) -> np.ndarray:
    """Each column positive in a third of the rows."""
    generator = np.random.default_rng(len(ids))
    return np.stack([generator.permutation(len(ids)) % 3 == 0 for _ in COLUMNS]).astype(int)


def draw() -> Miniature:
    train_ids, test_ids = numbered(30, "1.2.826.0.1.{}"), numbered(12, "1.2.826.0.2.{}")
    train, test = findings(train_ids), findings(test_ids)
    entries = image_files([f"train/{row_id}.jpg" for row_id in train_ids], 0, "L")
    entries |= image_files([f"test/{row_id}.jpg" for row_id in test_ids], 100, "L")
    patients = [f"{number // 3:09x}" for number in range(30)]
    entries["train.csv"] = csv(
        {"StudyInstanceUID": train_ids, **dict(zip(COLUMNS, train, strict=True)), "PatientID": patients}
    )
    entries["train_annotations.csv"] = csv({"StudyInstanceUID": train_ids[:1], "label": COLUMNS[:1], "data": "[[1,2]]"})
    entries["sample_submission.csv"] = csv({"StudyInstanceUID": test_ids, **dict.fromkeys(SCORED, 0)})
    labels, answers = (
        {row_id: tuple(np.array(SCORED)[part[:9, row] == 1]) for row, row_id in enumerate(ids)}
        for ids, part in ((train_ids, train), (test_ids, test))
    )
    return Miniature({"ranzcr-clip-catheter-line-classification.zip": zipped(entries)}, labels, answers)


def test_nine_columns_of_probabilities_and_whole_patients(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "ranzcr-clip-catheter-line-classification.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["StudyInstanceUID", *SCORED])
    probabilities = grading.numbers(submission, 0, 1)
    truth = np.array([[name in labels for name in SCORED] for labels in miniature.answers.values()])
    assert np.mean([roc_auc_score(truth[:, column], probabilities[:, column]) for column in range(9)]) > 0.9
    patients = read_folds(places.folds)["row_id"].str.rpartition(".")[2].astype(int) // 3
    assert read_folds(places.folds).groupby(patients)["fold"].nunique().tolist() == [1] * 10
