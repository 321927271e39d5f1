"""Areas under the receiver's operating curve. They see the order of the predictions alone; ties count half."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64, UInt8

from foldline.metrics.scores.checks import require_probabilities, require_rows
from foldline.metrics.scores.columns import Predictions, Targets, mean_over_columns


def auc(targets: Int64[np.ndarray, " rows"], predictions: Float32[np.ndarray, "rows 2"]) -> float:
    """The share of pairs of a positive and a negative row that are in order; NaN where one of the two is absent."""
    require_rows(targets)
    require_probabilities(predictions)
    return _area(targets == 1, predictions[:, 1])


def mean_column_auc(targets: Targets, predictions: Predictions, weights: Sequence[float] | None = None) -> float:
    """The mean of the columns' AUC, of one class per row each class against all others.

    A column without a positive or without a negative row has none: it is left out. weights: of the columns.
    """
    return mean_over_columns(_area, targets, predictions, weights)


def micro_auc(targets: UInt8[np.ndarray, "rows classes"], predictions: Float32[np.ndarray, "rows classes"]) -> float:
    """AUC of all pairs of row and label together; NaN where all are positive, or none is."""
    require_rows(targets)
    require_probabilities(predictions)
    return _area(targets.ravel() == 1, predictions.ravel())


def partial_auc(
    targets: Int64[np.ndarray, " rows"], predictions: Float32[np.ndarray, "rows 2"], lowest: float
) -> float:
    """The area under the curve and above the true-positive rate `lowest`, from 0 to 1 - `lowest`: not standardised.

    NaN where there is no positive or no negative row.
    """
    return (1 - lowest) * weighted_auc(targets, predictions, edges=(0.0, lowest, 1.0), weights=(0.0, 1.0))


def weighted_auc(
    targets: Int64[np.ndarray, " rows"],
    predictions: Float32[np.ndarray, "rows 2"],
    edges: tuple[float, ...],
    weights: tuple[float, ...],
) -> float:
    """The area in each band of true-positive rates between `edges`, times its weight, over that of a perfect curve.

    NaN where there is no positive or no negative row.
    """
    require_rows(targets)
    require_probabilities(predictions)
    if np.ptp(targets) == 0:
        return math.nan
    false_rates, true_rates = _curve(targets == 1, predictions[:, 1])
    areas = [
        _area_below(false_rates, true_rates, high) - _area_below(false_rates, true_rates, low)
        for low, high in pairwise(edges)
    ]
    return float(np.dot(weights, areas) / np.dot(weights, np.diff(edges)))


def _area(positive: np.ndarray, scores: np.ndarray) -> float:
    """Source: Mann and Whitney's U over the number of pairs."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return math.nan
    from scipy.stats import rankdata  # A second of start-up, which the stages of other metrics are spared.

    ranks = rankdata(scores)
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _curve(
    positive: np.ndarray, scores: Float[np.ndarray, " rows"]
) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, " points"]]:
    """False- and true-positive rates, rising from (0, 0) to (1, 1); equal scores are one step."""
    order = np.argsort(-scores, kind="stable")
    last_of_equal = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hits = np.cumsum(positive[order])[last_of_equal]
    misses = last_of_equal + 1 - hits
    return np.append(0, misses / misses[-1]), np.append(0, hits / hits[-1])


def _area_below(false_rates: np.ndarray, true_rates: np.ndarray, height: float) -> float:
    """The area under the curve and under `height`, exact: the curve gets a point where it crosses."""
    if height == 0:
        return 0.0
    at = int(np.searchsorted(true_rates, height))
    share = (height - true_rates[at - 1]) / (true_rates[at] - true_rates[at - 1])
    x = np.insert(false_rates, at, false_rates[at - 1] + share * (false_rates[at] - false_rates[at - 1]))
    return float(np.trapezoid(np.minimum(np.insert(true_rates, at, height), height), x))
