"""Probabilities within bounds: p' = clip(s * p, lower, upper), with the scale s of each row at which it sums to one.

Of all distributions within the bounds this is the nearest to p in the Kullback-Leibler divergence KL(p' || p): the
conditions of its optimum say that log(p'/p) is the same for all classes that are at no bound. Clipping followed by
plain division by the sum leaves the bounds again.
"""

import numpy as np
from jaxtyping import Float, Float64, Shaped

from foldline.ensembling.link import Counts

# What a sum may differ from one: far below float32's resolution, and above what adding 10,000 float64 values loses.
TOLERANCE = 1e-12


class RowWithoutMass(ValueError):
    """A row that is no distribution up to a scale."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} cannot be scaled to sum to one")
        self.row = row


def project(
    probabilities: Float[np.ndarray, "rows classes"], lower: float, upper: float, counts: Counts = None
) -> Float64[np.ndarray, "rows classes"]:
    """clip(s * p, lower, upper) with each row's sum one. The bounds must allow it: C lower <= 1 <= C upper.

    A zero stays at `lower`, unless all other classes at `upper` leave more than that to the zeros: these then share
    it equally, as equal and ever smaller probabilities in their place would. counts: how many classes each column
    stands for, None where each is one. Raises RowWithoutMass.
    """
    mass = probabilities.astype(np.float64)
    sums = _total(mass, counts)
    good = (mass.min(axis=1) >= 0) & (sums > 0) & np.isfinite(sums)
    if not good.all():
        raise RowWithoutMass(int(np.argmin(good)))
    zeros = mass == 0
    count = _total(zeros, counts)
    classes = mass.shape[1] if counts is None else counts.sum(axis=1)
    most = upper * (classes - count) + lower * count
    short = most < 1
    mass[~short] *= _scales(mass[~short], lower, upper, _of_rows(counts, ~short))[:, None]
    of_zeros = (1 - upper * (classes - count)[short]) / count[short]
    mass[short] = np.where(zeros[short], of_zeros[:, None], upper)
    return mass.clip(lower, upper, out=mass)


def _total(values: Shaped[np.ndarray, "rows columns"], counts: Counts) -> np.ndarray:
    """The sum over classes."""
    return values.sum(axis=1) if counts is None else (values * counts).sum(axis=1)


def _of_rows(counts: Counts, rows: np.ndarray) -> Float64[np.ndarray, "some columns"] | None:
    return None if counts is None else counts[rows]


def _scales(
    mass: Float64[np.ndarray, "rows classes"], lower: float, upper: float, counts: Counts
) -> Float64[np.ndarray, " rows"]:
    """Each row's s with sum(clip(s * mass, lower, upper)) = 1, by Newton's method within a bracket.

    The sum is piecewise linear and never falls in s. A Newton step is exact once it starts on the root's own piece,
    and where it leaves the bracket, the geometric middle takes its place, so that it ends on every row.
    """
    scales = 1 / _total(mass, counts)
    below, above = np.zeros(len(mass)), np.full(len(mass), np.inf)
    active = np.arange(len(mass))
    while len(active):
        scaled = mass[active] * scales[active, None]
        free = (scaled > lower) & (scaled < upper)
        excess = _total(np.clip(scaled, lower, upper), _of_rows(counts, active)) - 1
        going = np.abs(excess) > TOLERANCE
        active, scaled, free, excess = active[going], scaled[going], free[going], excess[going]
        at = scales[active]
        below[active] = np.where(excess < 0, at, below[active])
        above[active] = np.where(excess > 0, at, above[active])
        of_free = _total(np.where(free, scaled, 0), _of_rows(counts, active))
        scales[active] = _next_scales(at, excess, of_free, below[active], above[active])
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
