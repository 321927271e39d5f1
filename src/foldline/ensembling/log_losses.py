"""What each row's predictions cost, for metrics that are a mean of log losses.

Those that weigh rows, columns or classes are fitted as if they did not, and scored as they are. A label that is missing
(-1 among the positions of a target of several labels) costs nothing.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Float64

from foldline.card.activations import Form
from foldline.files.arrays import row_blocks
from foldline.files.compact import CompactArray
from foldline.metrics.kinds.of_probabilities import SMALLEST


def of_truth(predictions: Float[np.ndarray, "rows outputs"], targets: np.ndarray) -> Float64[np.ndarray, "rows asked"]:
    """The probabilities given to what came true: of each row's class, or of each of its labels (any, where one is
    missing), of each class's presence or absence, or where targets are shares of all classes."""
    if isinstance(predictions, CompactArray):
        return predictions.of(targets)[:, None].astype(np.float64).clip(SMALLEST, 1 - SMALLEST)
    wide = predictions.astype(np.float64)
    if _are_positions(targets):
        found = _at_positions(wide, targets)
    else:
        found = wide if _are_distributions(targets) else np.where(targets == 1, wide, 1 - wide)
    return found.clip(SMALLEST, 1 - SMALLEST)


def truth_of_scores(
    scores: Float64[np.ndarray, "rows outputs"], targets: np.ndarray, form: Form
) -> Float64[np.ndarray, "rows asked"]:
    """The logarithms of what `of_truth` gives of the predictions that the scores stand for."""
    if form == "independent":
        found = -np.logaddexp(0, np.where(targets == 1, -scores, scores))
    else:
        found = _at_positions(scores, targets) if _are_positions(targets) else scores
    return found.clip(np.log(SMALLEST), np.log1p(-SMALLEST))


def _at_positions(values: Float64[np.ndarray, "rows outputs"], positions: np.ndarray) -> np.ndarray:
    return np.take_along_axis(values, np.maximum(positions.reshape(len(positions), -1), 0), axis=1)


def row_losses(predictions: Float[np.ndarray, "rows outputs"], targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
    return mean_over_asked(-np.log(of_truth(predictions, targets)), targets)


def mean_over_asked(losses: Float[np.ndarray, "rows asked"], targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
    """losses: negative logarithms of what `of_truth` gives. A class counts as its share where targets are shares, and a
    known label the same whatever its row lacks."""
    if _are_distributions(targets):
        return (losses * targets).sum(axis=1)
    return np.where(_known(targets), losses, 0).mean(axis=1) if _are_positions(targets) else losses.mean(axis=1)


def sample_weights(targets: np.ndarray, asked: int) -> Float64[np.ndarray, "rows asked"]:
    """The weight of each of these in the mean over all rows: together 1."""
    rows = len(targets)
    if _are_distributions(targets):
        return targets.astype(np.float64) / rows
    if _are_positions(targets):
        known = _known(targets)
        return known / max(known.sum(), 1)
    return np.full((rows, asked), 1 / (rows * asked))


def _are_positions(targets: np.ndarray) -> bool:
    return targets.dtype.kind == "i"


def _known(positions: np.ndarray) -> Bool[np.ndarray, "rows asked"]:
    return positions.reshape(len(positions), -1) >= 0


def _are_distributions(targets: np.ndarray) -> bool:
    return targets.dtype.kind == "f"


LEAST_GAIN = 1e-12
"""In loss: what is not better by this is equal, and the value that changes nothing wins."""


def losses_on_grid(
    losses: Callable[[float, tuple[np.ndarray, ...], np.ndarray], Float64[np.ndarray, " rows"]],
    grid: Sequence[float],
    inputs: tuple[np.ndarray, ...],
    targets: np.ndarray,
) -> Float64[np.ndarray, "rows values"]:
    """`losses(value, inputs, targets)`: what each of some rows costs at this value."""
    table = np.empty((len(targets), len(grid)))
    for block in row_blocks(inputs[0].shape):
        rows = tuple(one[block] for one in inputs)
        for at, value in enumerate(grid):
            table[block, at] = losses(value, rows, targets[block])
    return table


def best_on_grid(losses: Float64[np.ndarray, "rows values"], grid: Sequence[float], default: float) -> float:
    """`default`, one of the grid, unless another value costs less on these rows."""
    means = losses.mean(axis=0)
    best = int(np.argmin(means))
    return grid[best] if means[best] < means[list(grid).index(default)] - LEAST_GAIN else default
