"""Scores of a target of several labels: the mean over its columns of a score of one label.

A label that is missing is -1 among the targets, and counts nowhere; a column without any is left out.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64, Int64

from foldline.files.class_names import column_slices
from foldline.metrics.scores.checks import require_rows


def mean_over_outputs(
    targets: Int64[np.ndarray, "rows columns"],
    labels: Int64[np.ndarray, "rows columns"],
    score: Callable[[np.ndarray, np.ndarray], float],
    sizes: Sequence[int],
    weights: Sequence[float],
) -> float:
    """targets, labels: positions among all classes, of which the first column has sizes[0], and so on. weights: per
    column. NaN where no column that weighs anything has a label."""
    require_rows(targets)
    scores = np.full(len(sizes), math.nan)
    for column, mine in enumerate(column_slices(sizes)):
        known = targets[:, column] >= 0
        if known.any():
            scores[column] = score(targets[known, column] - mine.start, labels[known, column] - mine.start)
    return mean_of_defined(scores, weights)


def mean_of_defined(scores: Float64[np.ndarray, " columns"], weights: Sequence[float]) -> float:
    """The weighted mean of the columns' scores without those that are NaN; NaN where nothing is left."""
    counted = np.where(np.isnan(scores), 0, weights)
    return float(np.average(np.nan_to_num(scores), weights=counted)) if counted.any() else math.nan
