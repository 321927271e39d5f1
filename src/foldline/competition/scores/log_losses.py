"""Log losses as scikit-learn computes them, block by block: memory flat in the rows."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64, UInt8

from foldline.competition.scores.checks import require_probabilities, require_rows
from foldline.tables.arrays import gather, row_blocks, take
from foldline.tables.compact import CompactArray

# scikit-learn's clipping of float64 probabilities: one certain and wrong row costs 36.04.
SMALLEST = float(np.finfo(np.float64).eps)


def log_loss(targets: Int64[np.ndarray, " rows"], predictions: Float32[np.ndarray, "rows classes"]) -> float:
    """The mean of -log(probability of the row's class). predictions: rows that sum to one.

    Of compact ones, a class that was not kept has its even share of what the others have together.
    """
    require_rows(targets)
    if isinstance(predictions, CompactArray):
        of_targets = predictions.of(targets)
        require_probabilities(of_targets[:, None])
        return _surprise(of_targets) / len(targets)
    total = 0.0
    for block in row_blocks(predictions.shape):
        rows = take(predictions, block)
        require_probabilities(rows, block.start)
        total += _surprise(rows[np.arange(len(rows)), targets[block]])
    return total / len(targets)


def balanced_log_loss(targets: Int64[np.ndarray, " rows"], predictions: Float32[np.ndarray, "rows classes"]) -> float:
    """The mean over the classes among the targets of their rows' log loss."""
    require_rows(targets)
    found = np.unique(targets)
    each = (np.flatnonzero(targets == one) for one in found.tolist())
    return float(np.mean([log_loss(targets[rows], gather(predictions, rows)) for rows in each]))


def binary_log_loss(
    targets: Int64[np.ndarray, " rows"] | UInt8[np.ndarray, "rows classes"],
    predictions: Float32[np.ndarray, "rows outputs"],
    weights: Sequence[tuple[float, float]] | None = None,
) -> float:
    """Of a binary target (two outputs that sum to one), or the mean over rows of a multilabel one's mean over columns.

    weights: of each column where it is 0 and where it is 1; None where all weigh the same. A row's are divided by their
    sum, so that each row counts alike; one whose columns all weigh 0 counts nothing.
    """
    if targets.ndim == 1:
        return log_loss(targets, predictions)
    require_rows(targets)
    total = 0.0
    for block in row_blocks(predictions.shape):
        rows = take(predictions, block)
        require_probabilities(rows, block.start)
        wide, is_one = rows.astype(np.float64), targets[block] == 1
        total += _surprise(np.where(is_one, wide, 1 - wide), _shares(is_one, weights))
    return total / len(targets)


def _shares(
    is_one: Bool[np.ndarray, "rows columns"], weights: Sequence[tuple[float, float]] | None
) -> Float64[np.ndarray, "rows columns"] | float:
    """What each column counts in each row's loss; together 1."""
    if weights is None:
        return 1 / is_one.shape[1]
    of_zero, of_one = np.array(weights).T
    heavy = np.where(is_one, of_one, of_zero)
    sums = heavy.sum(axis=1, keepdims=True)
    return np.divide(heavy, sums, out=np.zeros_like(heavy), where=sums > 0)


def _surprise(of_target: Float[np.ndarray, "..."], weights: Float64[np.ndarray, "..."] | float = 1.0) -> float:
    return -float((np.log(of_target.astype(np.float64).clip(SMALLEST, 1 - SMALLEST)) * weights).sum())
