"""The nearest distributions within bounds."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float64, Int64


def projections(
    probabilities: Float[np.ndarray, "rows classes"],
) -> Callable[[float, float], Float64[np.ndarray, "rows classes"]]:
    """From a lower and an upper bound to the probabilities within them: clip(s * p, lower, upper), with the scale s of
    each row at which it sums to one. The bounds must allow it: C lower <= 1 <= C upper. Rows are sorted once for all.

    Of all distributions within the bounds this is the nearest to p in the Kullback-Leibler divergence KL(p' || p): the
    conditions of its optimum say that log(p'/p) is the same for all classes that are at no bound. Clipping followed by
    plain division by the sum leaves the bounds again.

    A zero stays at `lower`, unless all other classes at `upper` leave more than that to the zeros: these then share
    it equally, as equal and ever smaller probabilities in their place would. Raises
    ValueError for a row that no scale makes a distribution: whoever reads predictions has refused it.
    """
    mass = probabilities.astype(np.float64)
    sums = mass.sum(axis=1)
    good = (mass.min(axis=1) >= 0) & (sums > 0) & np.isfinite(sums)
    if not good.all():
        raise ValueError(f"row {np.argmin(good)} cannot be scaled to sum to one")
    zeros = mass == 0
    count = zeros.sum(axis=1)
    rows, classes = mass.shape
    others = classes - count
    ascending = np.sort(mass, axis=1)
    # Of each row, the sum of its values from the k-th highest on: summed from the least, so that these are not lost.
    rest = np.zeros((rows, classes + 1))
    np.cumsum(ascending, axis=1, out=rest[:, 1:])
    values, rest = ascending[:, ::-1], rest[:, ::-1]

    def within(lower: float, upper: float) -> Float64[np.ndarray, "rows classes"]:
        short = upper * others + lower * count < 1
        if not short.any():
            projected = mass * _scales(values, rest, lower, upper)[:, None]
            return projected.clip(lower, upper, out=projected)
        projected = mass.copy()
        projected[~short] *= _scales(values[~short], rest[~short], lower, upper)[:, None]
        of_zeros = (1 - upper * others[short]) / count[short]
        projected[short] = np.where(zeros[short], of_zeros[:, None], upper)
        return projected.clip(lower, upper, out=projected)

    return within


Values = Float64[np.ndarray, "rows classes"]
"""Of each row the highest first."""
Rest = Float64[np.ndarray, "rows classes+1"]


def _scales(values: Values, rest: Rest, lower: float, upper: float) -> Float64[np.ndarray, " rows"]:
    """Each row's s with sum(clip(s * p, lower, upper)) = 1.

    The sum is piecewise linear in s and never falls: with a growing s a value leaves the lower bound at lower / p and
    reaches the upper one at upper / p, the highest first. Of these breakpoints in order, the sum at each tells which
    piece holds the one at which it is 1.
    """
    rows, classes = values.shape
    pieces = _pieces_below_one if upper >= 1 else _pieces_between
    left, reached, breakpoint = pieces(values, rest, lower, upper)
    each = np.arange(rows)
    inside = rest[each, reached] - rest[each, left]
    needed = 1 - lower * (classes - left) - upper * reached
    return np.divide(needed, inside, out=breakpoint, where=inside > 0)  # where all are at bounds, any s of the piece


Counts = Int64[np.ndarray, " rows"]
Pieces = tuple[Counts, Counts, Float64[np.ndarray, " rows"]]
"""Of each row's piece: how many values have left the lower bound, how many have reached the upper one, and the
breakpoint that it begins at."""


def _pieces_below_one(values: Values, rest: Rest, lower: float, upper: float) -> Pieces:
    """No value reaches an upper bound of 1 before the sum is 1, so the k-th piece has the k highest: by bisection."""
    rows, classes = values.shape
    each, below, above = np.arange(rows), np.zeros(rows, np.int64), np.full(rows, classes + 1)
    while (above - below > 1).any():
        middle = np.clip((below + above) // 2, 1, classes)
        value = values[each, middle - 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            sums = lower / value * (rest[:, 0] - rest[each, middle]) + lower * (classes - middle)
        is_below = (value > 0) & (sums < 1)
        is_open = above - below > 1
        below, above = np.where(is_open & is_below, middle, below), np.where(is_open & ~is_below, middle, above)
    first = values[each, np.maximum(below - 1, 0)]
    with np.errstate(divide="ignore"):
        return below, np.zeros(rows, np.int64), np.where(first > 0, lower / first, np.inf)


def _pieces_between(values: Values, rest: Rest, lower: float, upper: float) -> Pieces:
    rows, classes = values.shape

    def between(first: np.ndarray, end: np.ndarray) -> np.ndarray:
        return np.take_along_axis(rest, first, axis=1) - np.take_along_axis(rest, end, axis=1)

    with np.errstate(divide="ignore", invalid="ignore"):
        breakpoints = np.hstack([np.where(values > 0, lower / values, np.inf), upper / values])
        order = np.argsort(breakpoints, axis=1, kind="stable")
        breakpoints, left = np.take_along_axis(breakpoints, order, axis=1), np.cumsum(order < classes, axis=1)
        reached = np.arange(1, breakpoints.shape[1] + 1) - left
        sums = breakpoints * between(reached, left) + lower * (classes - left) + upper * reached
    piece = ((sums < 1) & (breakpoints < np.inf)).sum(axis=1)
    each = (np.arange(rows), np.maximum(piece - 1, 0))
    left, reached = (np.where(piece > 0, count[each], 0) for count in (left, reached))
    return left, reached, breakpoints[each]
