"""What each row's predictions cost, for metrics that are a mean of log losses.

Those that weigh rows or classes are fitted as if they did not, and judged, nested gains included, as they are.
"""

import numpy as np
from jaxtyping import Float, Float64

from foldline.competition.scores.log_losses import SMALLEST
from foldline.tables.compact import CompactArray


def of_truth(predictions: Float[np.ndarray, "rows outputs"], targets: np.ndarray) -> Float64[np.ndarray, "rows asked"]:
    """The probabilities given to what came true: of each row's class, of each class's presence or absence, or where
    targets are shares of all classes."""
    if isinstance(predictions, CompactArray):
        return predictions.of(targets)[:, None].astype(np.float64).clip(SMALLEST, 1 - SMALLEST)
    wide = predictions.astype(np.float64)
    if targets.ndim == 1:
        found = np.take_along_axis(wide, targets[:, None], axis=1)
    else:
        found = wide if _are_shares(targets) else np.where(targets == 1, wide, 1 - wide)
    return found.clip(SMALLEST, 1 - SMALLEST)


def row_losses(predictions: Float[np.ndarray, "rows outputs"], targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
    return mean_over_asked(-np.log(of_truth(predictions, targets)), targets)


def mean_over_asked(surprises: Float[np.ndarray, "rows asked"], targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
    """surprises: of the probabilities that `of_truth` gives. A class counts as its share where targets are shares."""
    return (surprises * targets).sum(axis=1) if _are_shares(targets) else surprises.mean(axis=1)


def importance(targets: np.ndarray, asked: int) -> Float64[np.ndarray, "rows asked"]:
    """What each of these counts in the mean over all rows: together 1."""
    rows = len(targets)
    return targets.astype(np.float64) / rows if _are_shares(targets) else np.full((rows, asked), 1 / (rows * asked))


def _are_shares(targets: np.ndarray) -> bool:
    return targets.dtype.kind == "f"
