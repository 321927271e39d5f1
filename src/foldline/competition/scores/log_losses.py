"""Log losses as scikit-learn computes them, block by block: memory flat in the rows."""

import numpy as np
from jaxtyping import Float, Float32, Int64

from foldline.competition.scores.checks import require_probabilities, require_rows
from foldline.tables.arrays import row_blocks, take
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


def binary_log_loss(
    targets: Int64[np.ndarray, " rows"] | Float32[np.ndarray, "rows classes"],
    predictions: Float32[np.ndarray, "rows outputs"],
) -> float:
    """Of a binary target (two outputs that sum to one), or the mean over rows and columns of a multilabel one."""
    if targets.ndim == 1:
        return log_loss(targets, predictions)
    require_rows(targets)
    total = 0.0
    for block in row_blocks(predictions.shape):
        rows = take(predictions, block)
        require_probabilities(rows, block.start)
        wide = rows.astype(np.float64)
        total += _surprise(np.where(targets[block] == 1, wide, 1 - wide))
    return total / targets.size


def _surprise(of_target: Float[np.ndarray, "..."]) -> float:
    return -float(np.log(of_target.astype(np.float64).clip(SMALLEST, 1 - SMALLEST)).sum())
