import numpy as np
import pytest

from foldline.metrics.scores.labels import accuracy
from foldline.metrics.scores.outputs import mean_over_outputs


def test_the_mean_over_columns_by_hand() -> None:
    """Columns of 3 and 2 labels: of two rows one is right in the first, both are in the second, which counts twice."""
    targets, labels = np.array([[0, 4], [2, 3]]), np.array([[0, 4], [1, 3]])
    assert mean_over_outputs(targets, labels, accuracy, (3, 2), (1.0, 2.0)) == pytest.approx((0.5 + 2 * 1) / 3)


def test_a_missing_label_counts_nowhere_and_a_column_without_any_is_left_out() -> None:
    targets, labels = np.array([[0, -1], [-1, -1]]), np.array([[0, 4], [1, 3]])
    assert mean_over_outputs(targets, labels, accuracy, (3, 2), (1.0, 2.0)) == 1
    assert np.isnan(mean_over_outputs(targets, labels, accuracy, (3, 2), (0.0, 2.0)))
