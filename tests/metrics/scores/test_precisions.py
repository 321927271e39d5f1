import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from foldline.files.refusal import Refusal
from foldline.metrics.scores.precisions import average_precision, mean_column_average_precision


def two(shares: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - shares, shares]).astype(np.float32)


@pytest.mark.parametrize("levels", [5, 10**6])
def test_it_is_that_of_scikit_learn_ties_included(levels: int) -> None:
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 2, 300)
    shares = (generator.integers(0, levels, 300) / levels).astype(np.float32)
    assert average_precision(targets, two(shares)) == pytest.approx(average_precision_score(targets, shares), rel=1e-6)


def test_a_column_without_positives_is_left_out() -> None:
    generator = np.random.default_rng(1)
    targets = (generator.uniform(size=(80, 3)) < 0.4).astype(np.uint8)
    shares = generator.uniform(size=(80, 3)).astype(np.float32)
    targets[:, 1] = 0
    expected = np.mean([average_precision_score(targets[:, column], shares[:, column]) for column in (0, 2)])
    assert mean_column_average_precision(targets, shares) == pytest.approx(expected, rel=1e-6)
    assert math.isnan(mean_column_average_precision(0 * targets, shares))
    assert math.isnan(average_precision(np.zeros(80, np.int64), two(shares[:, 0])))


def test_nan_is_refused() -> None:
    with pytest.raises(Refusal, match="predictions of row 1 cannot be scored"):
        average_precision(np.array([0, 1]), np.array([[0.5, 0.5], [np.nan, 0.5]], np.float32))
