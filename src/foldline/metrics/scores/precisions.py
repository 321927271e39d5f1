"""Average precision, as scikit-learn computes it: equal scores are one step of the curve, nothing is interpolated."""

import math

import numpy as np
from jaxtyping import Float32, Int64

from foldline.metrics.scores.checks import require_probabilities, require_rows
from foldline.metrics.scores.columns import Predictions, Targets, mean_over_columns


def average_precision(targets: Int64[np.ndarray, " rows"], predictions: Float32[np.ndarray, "rows 2"]) -> float:
    """The precision at each threshold, weighed by the recall that it adds; NaN without a positive row."""
    require_rows(targets)
    require_probabilities(predictions)
    return _average(targets == 1, predictions[:, 1])


def mean_column_average_precision(targets: Targets, predictions: Predictions) -> float:
    """The mean of the columns' average precision, of one class per row each class against all others.

    A column without a positive row has none: it is left out.
    """
    return mean_over_columns(_average, targets, predictions, None)


def _average(positive: np.ndarray, scores: np.ndarray) -> float:
    if not positive.any():
        return math.nan
    order = np.argsort(-scores, kind="stable")
    last_of_equal = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hits = np.cumsum(positive[order])[last_of_equal]
    added = np.diff(hits, prepend=0) / hits[-1]
    return float((hits / (last_of_equal + 1) * added).sum())
