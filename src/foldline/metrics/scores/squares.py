"""Squared errors of probabilities."""

import numpy as np

from foldline.files.arrays import row_blocks, take
from foldline.metrics.scores.checks import require_probabilities, require_rows
from foldline.metrics.scores.columns import Predictions, Targets


def brier(targets: Targets, predictions: Predictions) -> float:
    """The mean over rows and classes of (probability - 1 where it is true, else - 0) squared: of two classes
    scikit-learn's `brier_score_loss`, of C classes its C-th part. Memory flat in the rows.

    Source: Brier, Verification of Forecasts Expressed in Terms of Probability, 1950.
    """
    require_rows(targets)
    total, classes = 0.0, np.arange(predictions.shape[1])
    for block in row_blocks(predictions.shape):
        rows = take(predictions, block)
        require_probabilities(rows, block.start)
        wanted = targets[block] == 1 if targets.ndim == 2 else targets[block, None] == classes
        total += float(((rows.astype(np.float64) - wanted) ** 2).sum())
    return total / (len(targets) * len(classes))
