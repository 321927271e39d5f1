"""Scores that are a mean over classes, each of them against all others."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from foldline.files.arrays import row_blocks, take
from foldline.files.compact import CompactArray
from foldline.metrics.scores.checks import require_probabilities, require_rows

Targets = UInt8[np.ndarray, "rows classes"] | Int64[np.ndarray, " rows"]
"""0 and 1 of each class, or each row's one class."""
Predictions = Float32[np.ndarray, "rows classes"]


def mean_over_columns(
    score: Callable[[np.ndarray, np.ndarray], float],
    targets: Targets,
    predictions: Predictions,
    weights: Sequence[float] | None,
) -> float:
    """`score`: of whether each row is positive, and of its predictions. A column where it is NaN is left out; NaN where
    all are, or where those left weigh nothing.

    weights: of each column; None where all weigh the same.
    """
    require_rows(targets)
    for block in row_blocks(predictions.shape):
        require_probabilities(take(predictions, block), block.start)
    classes = range(predictions.shape[1])
    scores = np.array([score(_positive(targets, one), _column(predictions, one)) for one in classes])
    shares = np.where(np.isnan(scores), 0, 1 if weights is None else np.array(weights))
    return float(np.average(np.nan_to_num(scores), weights=shares)) if shares.any() else math.nan


def _positive(targets: Targets, one: int) -> Bool[np.ndarray, " rows"]:
    return targets[:, one] == 1 if targets.ndim == 2 else targets == one


def _column(predictions: Predictions, one: int) -> Float32[np.ndarray, " rows"]:
    if isinstance(predictions, CompactArray):
        return predictions.of(np.full(len(predictions), one))
    return predictions[:, one]
