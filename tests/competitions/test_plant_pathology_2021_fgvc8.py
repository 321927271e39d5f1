"""plant-pathology-2021-fgvc8: several diseases in one column, ids with extension, the mean over rows of F1."""

import numpy as np
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped

SETS = (("healthy",), ("scab",), ("rust", "complex"), ("scab", "frog_eye_leaf_spot", "complex"), ("powdery_mildew",))
DISEASES = tuple(sorted({name for one in SETS for name in one}))


def diseases(ids: list[str]) -> dict[str, tuple[str, ...]]:
    return {row_id: SETS[place % len(SETS)] for place, row_id in enumerate(np.random.default_rng(0).permutation(ids))}


def draw() -> Miniature:
    labels, answers = diseases(numbered(30, "8{:015x}.jpg")), diseases(numbered(12, "9{:015x}.jpg"))
    entries = image_files([f"train_images/{row_id}" for row_id in labels], 0)
    entries |= image_files([f"test_images/{row_id}" for row_id in answers], 100)
    entries["train.csv"] = csv({"image": labels.keys(), "labels": map(" ".join, labels.values())})
    entries["sample_submission.csv"] = csv({"image": answers.keys(), "labels": "healthy"})
    return Miniature({"plant-pathology-2021-fgvc8.zip": zipped(entries)}, labels, answers)


def test_several_diseases_in_one_column(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "plant-pathology-2021-fgvc8.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image", "labels"], exact=True)
    binarizer = MultiLabelBinarizer(classes=DISEASES)
    truth = binarizer.fit_transform(miniature.answers.values())
    found = binarizer.transform(grading.words(submission["labels"]))
    assert f1_score(truth, found, average="samples") > 0.85
