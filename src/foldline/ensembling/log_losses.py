"""The log losses of rows, from the probabilities that were given to what came true."""

import numpy as np
from jaxtyping import Float, Float64

from foldline.files.compact import CompactArray
from foldline.metrics.kinds.of_probabilities import SMALLEST


def of_truth(predictions: Float[np.ndarray, "rows outputs"], targets: np.ndarray) -> Float64[np.ndarray, "rows asked"]:
    """The probabilities given to what came true: of each row's class, or of each of its labels (any, where one is
    missing), of each class's presence or absence, or of all classes, where targets are distributions."""
    if isinstance(predictions, CompactArray):
        return predictions.of(targets)[:, None].astype(np.float64).clip(SMALLEST, 1 - SMALLEST)
    wide = predictions.astype(np.float64)
    if are_positions(targets):
        found = at_positions(wide, targets)
    else:
        found = wide if _are_distributions(targets) else np.where(targets == 1, wide, 1 - wide)
    return found.clip(SMALLEST, 1 - SMALLEST)


def at_positions(values: Float64[np.ndarray, "rows outputs"], positions: np.ndarray) -> np.ndarray:
    return np.take_along_axis(values, np.maximum(positions.reshape(len(positions), -1), 0), axis=1)


def row_losses(predictions: Float[np.ndarray, "rows outputs"], targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
    return mean_over_asked(-np.log(of_truth(predictions, targets)), targets)


def mean_over_asked(losses: Float[np.ndarray, "rows asked"], targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
    """losses: negative logarithms of what `of_truth` gives."""
    return (losses * asked_weights(targets, losses.shape[1])).sum(axis=1)


def asked_weights(targets: np.ndarray, asked: int) -> Float64[np.ndarray, "rows asked"]:
    """What each of these counts in its row's mean. Where targets are distributions, a class counts as much as its
    target; a known label counts the same whatever its row lacks."""
    if _are_distributions(targets):
        return targets.astype(np.float64)
    known = targets.reshape(len(targets), -1) >= 0 if are_positions(targets) else np.ones((len(targets), asked))
    return known / asked


def are_positions(targets: np.ndarray) -> bool:
    return targets.dtype.kind == "i"


def _are_distributions(targets: np.ndarray) -> bool:
    return targets.dtype.kind == "f"
