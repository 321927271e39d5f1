"""Log losses as scikit-learn computes them, block by block: memory flat in the rows."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64, UInt8

from foldline.files.arrays import gather, row_blocks, take
from foldline.files.compact import CompactArray
from foldline.metrics.scores.checks import require_probabilities, require_rows
from foldline.metrics.scores.outputs import mean_of_defined

# scikit-learn's clipping of float64 probabilities: one certain and wrong row costs 36.04.
SMALLEST = float(np.finfo(np.float64).eps)


def log_loss(
    targets: Int64[np.ndarray, " rows"],
    predictions: Float32[np.ndarray, "rows classes"],
    weights: Sequence[float] | None = None,
) -> float:
    """The mean of -log(probability of the row's class). predictions: rows that sum to one.

    weights: what a row of each class counts; None where all count the same. NaN where no row counts. Of compact
    predictions, a class that was not kept has its even share of what the others have together.
    """
    require_rows(targets)
    heavy = np.ones(len(targets)) if weights is None else np.array(weights)[targets]
    if not heavy.any():
        return math.nan
    if isinstance(predictions, CompactArray):
        of_targets = predictions.of(targets)
        require_probabilities(of_targets[:, None])
        return _surprise(of_targets, heavy) / float(heavy.sum())
    total = 0.0
    for block in row_blocks(predictions.shape):
        rows = take(predictions, block)
        require_probabilities(rows, block.start)
        total += _surprise(rows[np.arange(len(rows)), targets[block]], heavy[block])
    return total / float(heavy.sum())


def mean_column_log_loss(
    targets: Int64[np.ndarray, "rows columns"],
    predictions: Float32[np.ndarray, "rows classes"],
    column_weights: Sequence[float],
    class_weights: Sequence[float],
) -> float:
    """The weighted mean over the columns of their rows' log loss, in which a row counts as its class there does.

    targets: positions among all classes, -1 for a missing label, which counts nowhere. predictions: sum to one in each
    column's classes. A column without a row that counts is left out; NaN where all are.
    """
    require_rows(targets)
    of_class = np.append(class_weights, 0.0)  # the last one is that of a missing label
    losses, counted = np.zeros(len(column_weights)), np.zeros(len(column_weights))
    for block in row_blocks(predictions.shape):
        rows, places = take(predictions, block), targets[block]
        require_probabilities(rows, block.start)
        of_target = np.take_along_axis(rows, np.maximum(places, 0), axis=1)
        losses += _surprises(of_target, of_class[places]).sum(axis=0)
        counted += of_class[places].sum(axis=0)
    means = np.divide(losses, counted, out=np.full(len(losses), math.nan), where=counted > 0)
    return mean_of_defined(means, column_weights)


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
    return float(_surprises(of_target, weights).sum())


def _surprises(
    of_target: Float[np.ndarray, "*axes"], weights: Float64[np.ndarray, "*axes"] | float
) -> Float64[np.ndarray, "*axes"]:
    return -np.log(of_target.astype(np.float64).clip(SMALLEST, 1 - SMALLEST)) * weights
