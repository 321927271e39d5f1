"""How far predicted distributions are from voted ones."""

import numpy as np
from jaxtyping import Float32
from scipy.special import xlogy

from foldline.files.arrays import row_blocks, take
from foldline.metrics.scores.checks import require_probabilities, require_rows

SMALLEST = 1e-15
"""To which Kaggle's own metric clips predictions (Kullback Leibler Divergence, of hms-harmful-brain-activity)."""


def kl_divergence(
    targets: Float32[np.ndarray, "rows classes"], predictions: Float32[np.ndarray, "rows classes"]
) -> float:
    """The mean over rows of sum(share * log(share / predicted)); both sum to one. Memory flat in the rows.

    Source: Kullback and Leibler, On Information and Sufficiency, 1951.
    """
    require_rows(targets)
    total = 0.0
    for block in row_blocks(predictions.shape):
        rows = take(predictions, block)
        require_probabilities(rows, block.start)
        shares, guesses = targets[block].astype(np.float64), rows.astype(np.float64).clip(SMALLEST, 1 - SMALLEST)
        total += float((xlogy(shares, shares) - xlogy(shares, guesses)).sum())
    return total / len(targets)
