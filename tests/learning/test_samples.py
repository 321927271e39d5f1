"""From tables to the samples of a fold."""

import numpy as np
import pandas as pd
import pytest

from foldline.learning.samples import split_samples
from foldline.refusal import Refusal

ROWS = pd.DataFrame({"part": ["train"] * 4 + ["test"] * 2, "row_id": ["a", "b", "c", "d", "a", "e"]})
FOLDS = pd.DataFrame({"row_id": ["a", "b", "c", "d"], "fold": [1, 0, 1, 0]})
TARGETS = np.array([5, 6, 7, 8, -1, -1])
IMAGES = pd.DataFrame({"row": [0, 1, 1, 2, 3, 4, 5], "position": [10, 11, 12, -1, 14, 15, 16]})


def test_each_readable_image_is_a_sample_with_its_rows_target() -> None:
    training, validation = split_samples(ROWS, IMAGES, FOLDS, TARGETS, fold=1)
    assert training.positions.tolist() == [11, 12, 14]
    assert training.targets.tolist() == [6, 6, 8]
    assert training.row_ids == ("b", "b", "d")
    assert (validation.positions.tolist(), validation.targets.tolist(), validation.row_ids) == ([10], [5], ("a",))
    assert len(training) == 3


def test_images_in_any_order() -> None:
    training, _ = split_samples(ROWS, IMAGES.iloc[::-1], FOLDS, TARGETS, fold=1)
    assert dict(zip(training.positions.tolist(), training.row_ids, strict=True)) == {11: "b", 12: "b", 14: "d"}


def test_refuses_a_fold_without_rows() -> None:
    with pytest.raises(Refusal, match=r"fold 2 cannot be trained: folds.csv has the folds \[0, 1\]"):
        split_samples(ROWS, IMAGES, FOLDS, TARGETS, fold=2)


def test_refuses_folds_of_other_rows() -> None:
    with pytest.raises(Refusal, match="do not name the same train rows"):
        split_samples(ROWS, IMAGES, FOLDS.iloc[::-1], TARGETS, fold=1)
