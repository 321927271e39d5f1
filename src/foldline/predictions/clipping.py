"""Probabilities within bounds: p' = clip(s * p, lower, upper), with the scale s of each row at which it sums to one.

Of all distributions within the bounds this is the nearest to p in the Kullback-Leibler divergence KL(p' || p): the
conditions of its optimum say that log(p'/p) is the same for all classes that are at no bound. Clipping followed by
plain division by the sum leaves the bounds again.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64
from tqdm import tqdm

from foldline.competition.metrics import Metric
from foldline.config.clip import Clip, NoClip
from foldline.predictions.gains import Gain, given_gain, no_gain
from foldline.predictions.scoring import Scores
from foldline.refusal import Refusal
from foldline.tables.arrays import put, row_blocks, take

# What a sum may differ from one: far below float32's resolution, and above what adding 10,000 float64 values loses.
TOLERANCE = 1e-12
# What C * (1/C) may differ from one: less, so that a row all at its bound is within the tolerance.
ROUNDING = 1e-13


@dataclass(frozen=True)
class AbsoluteBounds:
    lower: float
    upper: float


@dataclass(frozen=True)
class Unchanged:
    """The step is left out: predictions stay as they are."""

    reason: str


def bounds_for(section: Clip, metric: Metric, classes: int) -> AbsoluteBounds | Unchanged:
    """Raises Refusal unless `classes` values within the bounds can sum to one."""
    if isinstance(section, NoClip):
        return Unchanged("clip.kind is none")
    if not metric.calibration_counts:
        counting = "the order of predictions" if metric.needs == "probabilities" else metric.needs
        return Unchanged(f"clipping cannot help {metric.name}, which depends on {counting} alone")
    unit = 1 / classes if section.unit == "per_class" else 1.0
    lower, upper = section.lower * unit, section.upper * unit
    if classes * lower > 1 + ROUNDING or classes * upper < 1 - ROUNDING:
        raise Refusal(
            f"clip: {classes} classes between {lower:g} and {upper:g} sum to between {classes * lower:g} and "
            f"{classes * upper:g}, never to one. Choose clip.lower <= {1 / classes:g} <= clip.upper."
        )
    return AbsoluteBounds(lower, upper)


def fill_clipped(
    clipped: Float32[np.ndarray, "rows classes"],
    probabilities: Float32[np.ndarray, "rows classes"],
    bounds: AbsoluteBounds | Unchanged,
    what: str,
) -> None:
    """Write the projection of each row, in row blocks; `what` names the rows."""
    for block in tqdm(list(row_blocks(probabilities.shape)), desc=f"clip {what}", unit="block"):
        rows = take(probabilities, block)
        if isinstance(bounds, AbsoluteBounds):
            try:
                rows = project(rows, bounds.lower, bounds.upper).astype(np.float32)
            except RowWithoutMass as error:
                raise Refusal(
                    f"{what}: row {block.start + error.row} of the predictions is all zeros, or holds NaN or a "
                    "negative value: no scale makes it sum to one. Run `dvc repro -f -s ensemble`."
                ) from None
        put(clipped, block, rows)


def clip_gain(bounds: AbsoluteBounds | Unchanged, metric: Metric, before: Scores, after: Scores) -> Gain:
    """The line of gains.csv: explicit bounds are kept even where they cost, since the user wants them."""
    if isinstance(bounds, Unchanged):
        return no_gain("clip", bounds.reason)
    return given_gain("clip", metric, before, after)


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
