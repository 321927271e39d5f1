"""From tables to the samples of a fold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from foldline.files.refusal import Refusal
from foldline.folds.training_table import graded_entries, soft_targets
from foldline.training.fold_samples import split_samples

ROWS = pd.DataFrame({"part": ["train"] * 4 + ["test"] * 2, "row_id": ["a", "b", "c", "d", "a", "e"]})
FOLDS = pd.DataFrame({"row_id": ["a", "b", "d"], "fold": [1, 0, 0]})
GRADED = np.array([5, 6, 7, 8])
SOFT = soft_targets(GRADED, 9)
TABLE = graded_entries(np.array([0, 1, 3]), GRADED, 9)
# One of row b's images cannot be read; row c has none that can, and so no fold.
ERRORS = [None, None, None, "truncated", "truncated", None, None, None]
IMAGES = pd.DataFrame({"row": [0, 1, 1, 1, 2, 3, 4, 5], "cache_index": range(10, 18), "error": ERRORS})


def test_each_readable_image_is_a_sample_with_its_rows_target() -> None:
    training, validation = split_samples(ROWS, IMAGES, FOLDS, SOFT, TABLE, fold=1)
    assert training.cache_indices.tolist() == [11, 12, 15]
    assert training.targets.toarray().argmax(axis=1).tolist() == [6, 6, 8]
    assert training.row_ids == ("b", "b", "d")
    assert (validation.cache_indices.tolist(), validation.row_ids) == ([10], ("a",))
    assert validation.targets.toarray().argmax(axis=1).tolist() == [5]
    assert len(training) == 3


def test_images_in_any_order() -> None:
    training, _ = split_samples(ROWS, IMAGES.iloc[::-1], FOLDS, SOFT, TABLE, fold=1)
    assert dict(zip(training.cache_indices.tolist(), training.row_ids, strict=True)) == {11: "b", 12: "b", 15: "d"}


def test_trainings_learn_the_tables_lines_and_are_judged_on_graded_targets() -> None:
    """A table that swaps d's label, repeats b at half the weight, and lies about a, which is validated."""
    table = graded_entries(np.array([0, 1, 3, 1]), np.array([0, 6, 7, 1]), 9)
    table = replace(table, weights=np.array([1, 1, 1, 0.5], np.float32))
    training, validation = split_samples(ROWS, IMAGES, FOLDS, SOFT, table, fold=1)
    lines = zip(training.row_ids, training.targets.toarray().argmax(axis=1), training.weights, strict=True)
    assert sorted(lines) == [("b", 6, 0.5), ("b", 6, 0.5), ("b", 6, 1), ("b", 6, 1), ("d", 1, 1)]
    assert validation.targets.toarray().argmax(axis=1).tolist() == [5]
    assert validation.weights.tolist() == [1]


def test_a_batch_is_told_its_targets_weights_and_features() -> None:
    training, _ = split_samples(ROWS, IMAGES, FOLDS, SOFT, TABLE, fold=1)
    tabular = np.array([[0], [1], [2]], np.float32)
    targets, weights, (features,) = replace(training, tabular=(tabular,)).told(
        torch.tensor([2, 0]), torch.device("cpu")
    )
    assert targets.argmax(dim=1).tolist() == [8, 6]
    assert weights.tolist() == [1, 1]
    assert features.tolist() == [[2], [0]]


def test_refuses_a_fold_without_rows() -> None:
    with pytest.raises(Refusal, match=r"fold 2 cannot be trained: folds.csv has the folds \[0, 1\]"):
        split_samples(ROWS, IMAGES, FOLDS, SOFT, TABLE, fold=2)


@pytest.mark.parametrize("row_ids", [["a", "b", "x"], ["a", "b", "c"]], ids=["unknown", "unreadable"])
def test_refuses_folds_of_other_rows(row_ids: list[str]) -> None:
    with pytest.raises(Refusal, match=r"folds.csv does not name the train rows .* that have a readable image"):
        split_samples(ROWS, IMAGES, FOLDS.assign(row_id=row_ids), SOFT, TABLE, fold=1)


def test_all_rows_train_and_none_validates() -> None:
    training, validation = split_samples(ROWS, IMAGES, FOLDS, SOFT, TABLE, fold="all")
    assert training.cache_indices.tolist() == [10, 11, 12, 15]
    assert len(validation) == 0
