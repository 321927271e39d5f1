"""Fitting one number: the value of a grid whose mean loss over rows is least."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64

LEAST_GAIN = 1e-12
"""In loss: what is not better by this is equal, and the value that changes nothing wins."""


def losses_on_grid(
    rows: int, blocks: Sequence[slice], grid: Sequence[float], losses: Callable[[slice], Callable[[float], np.ndarray]]
) -> Float64[np.ndarray, "rows values"]:
    """`losses(block)(value)`: what each row of the block costs at this value; what all values share is done once."""
    table = np.empty((rows, len(grid)))
    for block in blocks:
        of_block = losses(block)
        for at, value in enumerate(grid):
            table[block, at] = of_block(value)
    return table


def best_on_grid(losses: Float64[np.ndarray, "rows values"], grid: Sequence[float], default: float) -> float:
    """`default`, one of the grid, unless another value costs less on these rows."""
    means = losses.mean(axis=0)
    best = int(np.argmin(means))
    return grid[best] if means[best] < means[list(grid).index(default)] - LEAST_GAIN else default
