"""Probabilities within bounds: p' = clip(s * p, lower, upper), with the scale s of each row at which it sums to one.

Of all distributions within the bounds this is the nearest to p in the Kullback-Leibler divergence KL(p' || p): the
conditions of its optimum say that log(p'/p) is the same for all classes that are at no bound. Clipping followed by
plain division by the sum leaves the bounds again.
"""

import numpy as np
from jaxtyping import Bool, Float, Float64

# What a sum may differ from one: far below float32's resolution, and above what adding 10,000 float64 values loses.
TOLERANCE = 1e-12


class RowWithoutMass(ValueError):
    """A row that is no distribution up to a scale."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} cannot be scaled to sum to one")
        self.row = row


def project(
    probabilities: Float[np.ndarray, "rows classes"], lower: float, upper: float
) -> Float64[np.ndarray, "rows classes"]:
    """clip(s * p, lower, upper) with each row's sum one. The bounds must allow it: C lower <= 1 <= C upper.

    A zero stays at `lower`, unless all other classes at `upper` leave more than that to the zeros: these then share
    it equally, as equal and ever smaller probabilities in their place would. Raises RowWithoutMass.
    """
    mass = probabilities.astype(np.float64)
    sums = mass.sum(axis=1)
    good = (mass.min(axis=1) >= 0) & (sums > 0) & np.isfinite(sums)
    if not good.all():
        raise RowWithoutMass(int(np.argmin(good)))
    zeros = mass == 0
    count = zeros.sum(axis=1)
    most = upper * (mass.shape[1] - count) + lower * count
    short = most < 1
    mass[~short] *= _scales(mass[~short], lower, upper)[:, None]
    mass[short] = _filled_with_zeros(zeros[short], upper)
    return mass.clip(lower, upper, out=mass)


def _filled_with_zeros(zeros: Bool[np.ndarray, "rows classes"], upper: float) -> Float64[np.ndarray, "rows classes"]:
    """`upper` for every class that has a probability, an equal part of the rest for those that have none."""
    count = zeros.sum(axis=1, keepdims=True)
    return np.where(zeros, (1 - upper * (zeros.shape[1] - count)) / count, upper)


def _scales(mass: Float64[np.ndarray, "rows classes"], lower: float, upper: float) -> Float64[np.ndarray, " rows"]:
    """Each row's s with sum(clip(s * mass, lower, upper)) = 1, by Newton's method within a bracket.

    The sum is piecewise linear and never falls in s. A Newton step is exact once it starts on the root's own piece,
    and where it leaves the bracket, the geometric middle takes its place, so that it ends on every row.
    """
    scales = 1 / mass.sum(axis=1)
    below, above = np.zeros(len(mass)), np.full(len(mass), np.inf)
    active = np.arange(len(mass))
    while len(active):
        scaled = mass[active] * scales[active, None]
        free = (scaled > lower) & (scaled < upper)
        excess = np.clip(scaled, lower, upper).sum(axis=1) - 1
        going = np.abs(excess) > TOLERANCE
        active, scaled, free, excess = active[going], scaled[going], free[going], excess[going]
        at = scales[active]
        below[active] = np.where(excess < 0, at, below[active])
        above[active] = np.where(excess > 0, at, above[active])
        scales[active] = _next_scales(at, excess, np.where(free, scaled, 0).sum(axis=1), below[active], above[active])
    return scales


def _next_scales(
    scales: Float64[np.ndarray, " active"],
    excess: Float64[np.ndarray, " active"],
    free_sums: Float64[np.ndarray, " active"],
    below: Float64[np.ndarray, " active"],
    above: Float64[np.ndarray, " active"],
) -> Float64[np.ndarray, " active"]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        newton = scales * (1 - excess / free_sums)
        middle = np.sqrt(below) * np.sqrt(above)
    middle = np.where(np.isinf(above), 2 * scales, np.where(below == 0, scales / 2, middle))
    return np.where((newton > below) & (newton < above), newton, middle)
