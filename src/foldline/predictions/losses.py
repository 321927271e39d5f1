"""What each row's predictions cost, for metrics that are a mean of log losses.

Those that weigh rows or classes are fitted as if they did not, and judged, nested gains included, as they are.
"""

import numpy as np
from jaxtyping import Float, Float64

from foldline.competition.scores.log_losses import SMALLEST
from foldline.tables.compact import CompactArray


def of_truth(predictions: Float[np.ndarray, "rows outputs"], targets: np.ndarray) -> Float64[np.ndarray, "rows asked"]:
    """The probabilities given to what came true: of each row's class, or of each class's presence or absence."""
    if isinstance(predictions, CompactArray):
        return predictions.of(targets)[:, None].astype(np.float64).clip(SMALLEST, 1 - SMALLEST)
    wide = predictions.astype(np.float64)
    if targets.ndim == 1:
        found = np.take_along_axis(wide, targets[:, None], axis=1)
    else:
        found = np.where(targets == 1, wide, 1 - wide)
    return found.clip(SMALLEST, 1 - SMALLEST)


def row_losses(predictions: Float[np.ndarray, "rows outputs"], targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
    return -np.log(of_truth(predictions, targets)).mean(axis=1)
