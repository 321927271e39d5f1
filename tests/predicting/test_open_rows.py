"""A row is whole when all its images have been seen, wherever batches begin."""

import numpy as np
import pytest

from foldline.predicting.predicted_rows import Aggregate, OpenRows, RowImages

ROWS = np.array([0, 1, 1, 1, 2, 3, 3])
OUTPUTS = np.random.default_rng(0).normal(size=(7, 2, 3)).astype(np.float32)


@pytest.mark.parametrize("aggregate", ["mean", "max"])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7])
def test_each_row_comes_once_with_what_all_its_images_say(aggregate: Aggregate, batch_size: int) -> None:
    open_rows = OpenRows(RowImages(np.arange(7), ROWS, 4), aggregate)
    found: dict[int, np.ndarray] = {}
    for start in range(0, 7, batch_size):
        rows, values = open_rows.add(ROWS[start : start + batch_size], OUTPUTS[start : start + batch_size])
        assert not found.keys() & set(rows.tolist())
        found.update(zip(rows.tolist(), values, strict=True))
    combine = {"mean": np.mean, "max": np.max}[aggregate]
    for row in range(4):
        np.testing.assert_allclose(found[row], combine(OUTPUTS[row == ROWS], axis=0), rtol=1e-5, atol=1e-6)


def test_an_open_row_waits() -> None:
    open_rows = OpenRows(RowImages(np.arange(7), ROWS, 4), "mean")
    rows, _ = open_rows.add(ROWS[:2], OUTPUTS[:2])
    assert rows.tolist() == [0]


def test_a_row_of_thousands_of_images_is_added_in_float64() -> None:
    count = 20_000
    outputs = np.full((count, 1, 1), 1 + 1 / 3, np.float32)
    open_rows = OpenRows(RowImages(np.arange(count), np.zeros(count, np.int64), 1), "mean")
    for start in range(0, count, 16):
        rows, values = open_rows.add(np.zeros(16, np.int64), outputs[start : start + 16])
    assert rows.tolist() == [0] and values[0, 0, 0] == outputs[0, 0, 0]
