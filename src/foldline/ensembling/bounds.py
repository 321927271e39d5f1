"""The step that keeps probabilities within bounds, given ones or fitted ones: it makes certain errors less dear."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Float32, Float64

from foldline.card.activations import ColumnDistributions, Form
from foldline.ensembling.clip_section import FittedBounds, GivenBounds
from foldline.ensembling.columns import Inputs, column_blocks, columns_of, row_by_row
from foldline.ensembling.grids import best_on_grid, losses_on_grid
from foldline.ensembling.link import Counts, column_by_column
from foldline.ensembling.losses import mean_over_asked, of_truth, row_losses
from foldline.ensembling.projection import project
from foldline.ensembling.steps import Judge, Step
from foldline.ensembling.temperature import ONE_MODEL
from foldline.files.class_names import column_slices
from foldline.files.compact import rows_at
from foldline.files.refusal import Refusal

NAME = "bounds"
# What C * (1/C) may differ from one: less, so that a row all at its bound is within projection.TOLERANCE.
ROUNDING = 1e-13
GRID = (0.0, *(float(value) for value in np.geomspace(1e-6, 0.5, 40)))
"""Lower bounds to choose from, in multiples of 1/C, in steps of 40 %; of several columns C is the most that one has."""


@dataclass(frozen=True)
class AbsoluteBounds:
    lower: float
    upper: float


NO_BOUNDS = AbsoluteBounds(0.0, 1.0)


def bounds_step(section: GivenBounds | FittedBounds, form: Form, classes: int, judge: Judge) -> Step:
    """For a metric that calibration counts for. Raises Refusal when no row of `classes` values keeps given bounds."""
    given = absolute(section, form, classes) if isinstance(section, GivenBounds) else None
    grid = tuple(value / max(sizes_of(form, classes)) for value in GRID)

    def fit(losses: np.ndarray, targets: np.ndarray) -> AbsoluteBounds:
        return given or AbsoluteBounds(best_on_grid(losses, grid, 0.0), 1.0)

    def applied(bounds: AbsoluteBounds, inputs: Inputs) -> Inputs:
        if bounds == NO_BOUNDS:
            return inputs
        return (row_by_row(lambda one, counts: within(bounds, one[0], form, counts), inputs),)

    return Step(
        NAME,
        default=NO_BOUNDS,
        fit=fit,
        apply=applied,
        judge=judge,
        describe=lambda bounds: f"{bounds.lower:.3g} .. {bounds.upper:.3g}",
        evidence=lambda inputs, targets: losses_at_bounds(inputs[0], targets, form, () if given else grid),
        note=ONE_MODEL,
        given=given is not None,
    )


def absolute(section: GivenBounds, form: Form, classes: int) -> AbsoluteBounds:
    """Raises Refusal unless `classes` values within the bounds, those of each column, can sum to one, where they
    must."""
    sizes = sizes_of(form, classes)
    unit = 1 / max(sizes) if section.unit == "per_class" else 1.0
    lower, upper = section.lower * unit, section.upper * unit
    for size in sizes:
        if form != "independent" and (size * lower > 1 + ROUNDING or size * upper < 1 - ROUNDING):
            raise Refusal(
                f"clip.bounds: {size} classes between {lower:g} and {upper:g} sum to between {size * lower:g} and "
                f"{size * upper:g}, never to one. Choose clip.bounds.lower <= {1 / size:g} <= clip.bounds.upper."
            )
    return AbsoluteBounds(lower, upper)


def sizes_of(form: Form, classes: int) -> tuple[int, ...]:
    """How many classes each of a row's distributions has."""
    return form.sizes if isinstance(form, ColumnDistributions) else (classes,)


def within(
    bounds: AbsoluteBounds, predictions: Float32[np.ndarray, "rows outputs"], form: Form, counts: Counts = None
) -> Float32[np.ndarray, "rows outputs"]:
    """A distribution stays one; probabilities of their own are clipped one by one. Raises RowWithoutMass."""
    if bounds == NO_BOUNDS:
        return predictions
    if form == "independent":
        return predictions.clip(np.float32(bounds.lower), np.float32(bounds.upper))
    if isinstance(form, ColumnDistributions):
        of_column = partial(project, lower=bounds.lower, upper=bounds.upper)
        return column_by_column(of_column, predictions, form.sizes).astype(np.float32)
    return project(predictions, bounds.lower, bounds.upper, counts).astype(np.float32)


def losses_at_bounds(
    predictions: Float32[np.ndarray, "rows outputs"], targets: np.ndarray, form: Form, grid: tuple[float, ...]
) -> Float64[np.ndarray, "rows bounds"]:
    """The log loss of each row with each lower bound of the grid."""

    def independent(block: slice) -> Callable[[float], np.ndarray]:
        rows = predictions[block]
        return lambda lower: row_losses(rows.clip(lower, 1 - lower), targets[block])

    def distribution(block: slice) -> Callable[[float], np.ndarray]:
        rows = rows_at(predictions, block)
        ascending = [_sorted(values.astype(np.float64), counts) for values, counts in _distributions(rows, form)]
        truth, asked = of_truth(rows, targets[block]), targets[block]

        def at(lower: float) -> np.ndarray:
            scales = np.column_stack([scales_above(values, lower, counts) for values, counts in ascending])
            return mean_over_asked(-np.log(np.maximum(lower, truth * scales)), asked)

        return at

    losses = independent if form == "independent" else distribution
    return losses_on_grid(len(targets), list(column_blocks((predictions,))), grid, losses)


def _distributions(rows: np.ndarray, form: Form) -> Iterator[tuple[Float[np.ndarray, "rows columns"], Counts]]:
    """The columns of each distribution that a row holds."""
    columns = columns_of((rows,))
    if not isinstance(form, ColumnDistributions):
        yield columns.values[0], columns.counts
        return
    for mine in column_slices(form.sizes):
        yield columns.values[0][:, mine], None


def scales_above(
    ascending: Float[np.ndarray, "rows columns"], lower: float, counts: Counts = None
) -> Float64[np.ndarray, " rows"]:
    """The scale s of each sorted row at which clip(s * p, lower, 1) sums to one, for C * lower <= 1.

    With the m least values at the bound, the rest scale to 1 - m * lower; m is right when the next value stays above.
    counts: how many classes each column stands for, sorted with them; None where each is one.
    """
    columns = ascending.shape[1]
    masses = ascending if counts is None else ascending * counts
    rest = np.cumsum(masses[:, ::-1], axis=1)[:, ::-1]
    before = np.arange(columns)[None] if counts is None else np.cumsum(counts, axis=1) - counts
    free = 1 - lower * before
    low = (free * ascending < lower * rest).sum(axis=1).clip(max=columns - 1)[:, None]
    of_low = np.broadcast_to(free, ascending.shape)
    return (np.take_along_axis(of_low, low, axis=1) / np.take_along_axis(rest, low, axis=1))[:, 0]


def _sorted(values: Float64[np.ndarray, "rows columns"], counts: Counts) -> tuple[np.ndarray, Counts]:
    if counts is None:
        return np.sort(values, axis=1), None
    order = np.argsort(values, axis=1)
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(counts, order, axis=1)
