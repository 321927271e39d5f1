"""imet-2020-fgvc7: sets of attributes, space-separated; a column of only single numbers would break the grader."""

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from foldline.files.refusal import Refusal
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped

ATTRIBUTES = tuple(numbered(12, "{}"))


def attributes(ids: list[str], sizes: tuple[int, ...]) -> dict[str, tuple[str, ...]]:
    generator = np.random.default_rng(len(ids))
    sets = (sorted(generator.choice(12, generator.choice(sizes), replace=False)) for _ in ids)
    return {row_id: tuple(str(attribute) for attribute in chosen) for row_id, chosen in zip(ids, sets, strict=True)}


def draw(sizes: tuple[int, ...]) -> Miniature:
    labels, answers = attributes(numbered(30, "{:016x}"), sizes), attributes(numbered(12, "{:016x}", 100), sizes)
    entries = image_files([f"train/{row_id}.png" for row_id in labels], 0)
    entries |= image_files([f"test/{row_id}.png" for row_id in answers], 100)
    entries["labels.csv"] = csv({"attribute_id": ATTRIBUTES, "attribute_name": [f"country::{n}" for n in ATTRIBUTES]})
    entries["train.csv"] = csv({"id": labels.keys(), "attribute_ids": map(" ".join, labels.values())})
    entries["sample_submission.csv"] = csv({"id": answers.keys(), "attribute_ids": "0 1 2"})
    return Miniature({"imet-2020-fgvc7.zip": zipped(entries)}, labels, answers)


def test_sets_of_attributes_by_thresholds(enter: Enter) -> None:
    miniature = draw(sizes=(1, 2, 3))
    places = enter(CARDS / "imet-2020-fgvc7.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "attribute_ids"])
    binarizer = MultiLabelBinarizer(classes=ATTRIBUTES)
    truth = binarizer.fit_transform(miniature.answers.values())
    predicted = binarizer.transform(grading.words(submission["attribute_ids"]))
    assert f1_score(truth, predicted, average="micro") > 0.8


def test_single_numbers_in_every_row_are_refused_before_the_grader_fails_on_them(enter: Enter) -> None:
    with pytest.raises(Refusal, match="Give at least one row a second label"):
        enter(CARDS / "imet-2020-fgvc7.yaml", draw(sizes=(1,)))
