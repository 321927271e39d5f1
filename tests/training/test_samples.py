"""From tables to the samples of a fold."""

import numpy as np
import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.training.samples import split_samples

ROWS = pd.DataFrame({"part": ["train"] * 4 + ["test"] * 2, "row_id": ["a", "b", "c", "d", "a", "e"]})
FOLDS = pd.DataFrame({"row_id": ["a", "b", "d"], "fold": [1, 0, 0]})
TARGETS = np.array([5, 6, 7, 8, -1, -1])
# One of row b's images cannot be read; row c has none that can, and so no fold.
ERRORS = [None, None, None, "truncated", "truncated", None, None, None]
IMAGES = pd.DataFrame({"row": [0, 1, 1, 1, 2, 3, 4, 5], "position": range(10, 18), "error": ERRORS})


def test_each_readable_image_is_a_sample_with_its_rows_target() -> None:
    training, validation = split_samples(ROWS, IMAGES, FOLDS, TARGETS, fold=1)
    assert training.positions.tolist() == [11, 12, 15]
    assert training.targets.tolist() == [6, 6, 8]
    assert training.row_ids == ("b", "b", "d")
    assert (validation.positions.tolist(), validation.targets.tolist(), validation.row_ids) == ([10], [5], ("a",))
    assert len(training) == 3


def test_images_in_any_order() -> None:
    training, _ = split_samples(ROWS, IMAGES.iloc[::-1], FOLDS, TARGETS, fold=1)
    assert dict(zip(training.positions.tolist(), training.row_ids, strict=True)) == {11: "b", 12: "b", 15: "d"}


def test_refuses_a_fold_without_rows() -> None:
    with pytest.raises(Refusal, match=r"fold 2 cannot be trained: folds.csv has the folds \[0, 1\]"):
        split_samples(ROWS, IMAGES, FOLDS, TARGETS, fold=2)


@pytest.mark.parametrize("row_ids", [["a", "b", "x"], ["a", "b", "c"]], ids=["unknown", "unreadable"])
def test_refuses_folds_of_other_rows(row_ids: list[str]) -> None:
    with pytest.raises(Refusal, match=r"folds.csv does not name the train rows .* that have a readable image"):
        split_samples(ROWS, IMAGES, FOLDS.assign(row_id=row_ids), TARGETS, fold=1)


def test_all_rows_train_and_none_validates() -> None:
    training, validation = split_samples(ROWS, IMAGES, FOLDS, TARGETS, fold="all")
    assert training.positions.tolist() == [10, 11, 12, 15]
    assert len(validation) == 0
