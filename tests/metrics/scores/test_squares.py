import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from foldline.files.refusal import Refusal
from foldline.metrics.scores.squares import brier


def test_by_hand() -> None:
    """Errors of 0.2, 0.2 and 0.6, 0.6; of two labels 0.2 and 0.4, 0.6 and 0."""
    predictions = np.array([[0.8, 0.2], [0.6, 0.4]], np.float32)
    assert brier(np.array([0, 1]), predictions) == pytest.approx((0.04 + 0.36) / 2)
    sets = np.array([[1, 0], [1, 1]], np.uint8)
    each = np.array([[0.8, 0.4], [0.4, 1]], np.float32)
    assert brier(sets, each) == pytest.approx((0.04 + 0.16 + 0.36) / 4)


def test_it_is_that_of_scikit_learn() -> None:
    """Of two classes; of five, scikit-learn sums over the classes. One of them has no row."""
    generator = np.random.default_rng(0)
    targets, shares = generator.integers(0, 2, 100), generator.uniform(size=100).astype(np.float32)
    assert brier(targets, np.column_stack([1 - shares, shares])) == pytest.approx(brier_score_loss(targets, shares))
    targets, five = generator.integers(0, 4, 100), generator.dirichlet(np.ones(5), 100).astype(np.float32)
    expected = brier_score_loss(targets, five, labels=np.arange(5)) / 5
    assert brier(targets, five) == pytest.approx(expected, rel=1e-6)


def test_nan_is_refused_with_the_row() -> None:
    with pytest.raises(Refusal, match="predictions of row 1 cannot be scored"):
        brier(np.array([0, 1]), np.array([[1, 0], [np.nan, 0]], np.float32))
