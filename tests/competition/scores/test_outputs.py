import numpy as np
import pytest

from foldline.competition.scores.labels import accuracy
from foldline.competition.scores.outputs import mean_over_outputs


def test_the_mean_over_columns_by_hand() -> None:
    """Columns of 3 and 2 labels: of two rows one is right in the first, both are in the second, which counts twice."""
    targets = np.array([[1, 0, 0, 0, 1], [0, 0, 1, 1, 0]], np.uint8)
    labels = np.array([[0, 4], [1, 3]])
    assert mean_over_outputs(targets, labels, accuracy, (3, 2), (1.0, 2.0)) == pytest.approx((0.5 + 2 * 1) / 3)
