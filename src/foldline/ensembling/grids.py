"""The value of a grid that costs the least on out-of-fold rows: how a step with one number is fitted."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64

from foldline.ensembling.scoring import LEAST_GAIN
from foldline.files.arrays import row_blocks

LossesAt = Callable[[float], Float64[np.ndarray, " rows"]]
"""What each of some rows costs at a value of a grid."""


def losses_on_grid(
    losses: Callable[[tuple[np.ndarray, ...], np.ndarray], LossesAt],
    grid: Sequence[float],
    inputs: tuple[np.ndarray, ...],
    targets: np.ndarray,
) -> Float64[np.ndarray, "rows values"]:
    """`losses(inputs, targets)`: of some rows, prepared once for all values."""
    table = np.empty((len(targets), len(grid)))
    for block in row_blocks(inputs[0].shape):
        rows = tuple(one[block] for one in inputs)
        of_value = losses(rows, targets[block])
        for at, value in enumerate(grid):
            table[block, at] = of_value(value)
    return table


def best_on_grid(losses: Float64[np.ndarray, "rows values"], grid: Sequence[float], default: float) -> float:
    """`default`, one of the grid, unless another value costs less on these rows."""
    means = losses.mean(axis=0)
    best = int(np.argmin(means))
    return grid[best] if means[best] < means[list(grid).index(default)] - LEAST_GAIN else default
