"""The step that keeps probabilities within bounds (`clip.bounds`), given ones or fitted ones: it makes certain errors
less dear."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, Float64
from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from foldline.card.activations import Form, holds_probabilities
from foldline.ensembling.chain import Judge, Step, Steps
from foldline.ensembling.gains import no_gain, no_use
from foldline.ensembling.losses import best_on_grid, losses_on_grid, mean_over_asked, of_truth, row_losses
from foldline.ensembling.projection import descending, project
from foldline.ensembling.scales import Inputs, column_by_column, distributions_of
from foldline.ensembling.temperature import ONE_MODEL
from foldline.ensembling.top_classes import TOP_CLASSES_ALONE
from foldline.files.arrays import row_blocks
from foldline.files.class_names import column_slices
from foldline.files.compact import is_compact
from foldline.files.refusal import Refusal
from foldline.params.section import Section

NAME = "bounds"
# What C * (1/C) may differ from one by rounding.
ROUNDING = 1e-13
GRID = (0.0, *(float(value) for value in np.geomspace(1e-6, 0.5, 40)))
"""Lower bounds to choose from, in multiples of 1/C, in steps of 40 %; of several columns C is the most that one has."""


@dataclass(frozen=True)
class AbsoluteBounds:
    lower: float
    upper: float


NO_BOUNDS = AbsoluteBounds(0.0, 1.0)


class Bounds(Section):
    """A kind of `clip.bounds`."""

    def steps(self, form: Form, classes: int, judge: Judge) -> Steps:
        """Of rows of `classes` values. Raises Refusal when no row keeps the bounds."""
        if not judge.metric.is_log_loss or not holds_probabilities(form):
            return [], [no_gain(NAME, no_use(judge.metric, "clipping"))]
        if is_compact(classes, form == "distribution"):
            return [], [no_gain(NAME, f"bounds hold for all classes: {TOP_CLASSES_ALONE}")]
        return [self.step(form, classes, judge)], []

    def step(self, form: Form, classes: int, judge: Judge) -> Step:
        """For a metric that calibration counts for."""
        raise NotImplementedError


class NoBounds(Bounds):
    kind: Literal["none"]

    def steps(self, form: Form, classes: int, judge: Judge) -> Steps:
        return [], []


class GivenBounds(Bounds):
    """Explicit bounds; a row is returned to the simplex within them."""

    kind: Literal["given"]
    unit: Literal["absolute", "per_class"]
    """per_class: `lower` and `upper` are multiples of 1/C, C the number of classes."""
    lower: NonNegativeFloat
    upper: PositiveFloat

    @model_validator(mode="after")
    def _rows_can_sum_to_one(self) -> "GivenBounds":
        if self.lower > self.upper:
            raise ValueError(
                f"clip.bounds.lower is {self.lower:g}, above clip.bounds.upper {self.upper:g}: exchange them"
            )
        # Absolute bounds wait for the number of classes, in the stage.
        if self.unit == "per_class" and not self.lower <= 1 <= self.upper:
            raise ValueError(
                f"C values between clip.bounds.lower {self.lower:g}/C and clip.bounds.upper {self.upper:g}/C "
                "cannot sum to one: it takes lower <= 1 <= upper"
            )
        return self

    def steps(self, form: Form, classes: int, judge: Judge) -> Steps:
        steps, left_out = super().steps(form, classes, judge)
        if is_compact(classes, form == "distribution") and judge.metric.is_log_loss:
            raise Refusal(
                f"clip.bounds.kind is given, and bounds hold for all classes, but {TOP_CLASSES_ALONE}. "
                "Set clip.bounds to {kind: none}."
            )
        return steps, left_out

    def step(self, form: Form, classes: int, judge: Judge) -> Step:
        given = self.absolute(form, classes)
        return _step(form, judge, fit=lambda evidence, targets: given, evidence=_nothing, given=True)

    def absolute(self, form: Form, classes: int) -> AbsoluteBounds:
        """Raises Refusal unless the values within the bounds, those of each column, can sum to one, where they must."""
        sizes = distributions_of(form, classes)
        unit = 1 / max(sizes) if self.unit == "per_class" else 1.0
        lower, upper = self.lower * unit, self.upper * unit
        for size in sizes:
            if form != "independent" and (size * lower > 1 + ROUNDING or size * upper < 1 - ROUNDING):
                raise Refusal(
                    f"clip.bounds: {size} classes between {lower:g} and {upper:g} sum to between {size * lower:g} and "
                    f"{size * upper:g}, never to one. Choose clip.bounds.lower <= {1 / size:g} <= clip.bounds.upper."
                )
        return AbsoluteBounds(lower, upper)


class FittedBounds(Bounds):
    """The lower bound that the out-of-fold predictions ask for; the upper one is what it leaves to a single class."""

    kind: Literal["fitted"]

    def step(self, form: Form, classes: int, judge: Judge) -> Step:
        grid = tuple(value / max(distributions_of(form, classes)) for value in GRID)

        def fit(losses: np.ndarray, targets: np.ndarray) -> AbsoluteBounds:
            return _from(best_on_grid(losses, grid, 0.0), form)

        def evidence(inputs: Inputs, targets: np.ndarray) -> np.ndarray:
            return losses_at_bounds(inputs[0], targets, form, grid)

        return _step(form, judge, fit=fit, evidence=evidence)


def _step(form: Form, judge: Judge, **fitted: Any) -> Step:
    return Step(
        NAME,
        default=NO_BOUNDS,
        apply=lambda bounds, inputs: (within(bounds, inputs[0], form),),
        judge=judge,
        describe=lambda bounds: f"{bounds.lower:.3g} .. {bounds.upper:.3g}",
        note=ONE_MODEL,
        **fitted,
    )


def _from(lower: float, form: Form) -> AbsoluteBounds:
    """A probability by itself and that of its absence have the same lower bound."""
    return AbsoluteBounds(lower, 1 - lower if form == "independent" else 1.0)


def _nothing(inputs: Inputs, targets: np.ndarray) -> np.ndarray:
    return np.empty((len(targets), 0))


def within(
    bounds: AbsoluteBounds, predictions: Float32[np.ndarray, "rows outputs"], form: Form
) -> Float32[np.ndarray, "rows outputs"]:
    """A distribution stays one; probabilities of their own are clipped one by one. Raises RowWithoutMass."""
    if bounds == NO_BOUNDS:
        return predictions
    if form == "independent":
        return predictions.clip(np.float32(bounds.lower), np.float32(bounds.upper))
    of_one = partial(project, lower=bounds.lower, upper=bounds.upper)
    sizes = distributions_of(form, predictions.shape[1])
    return column_by_column(of_one, predictions, sizes).astype(np.float32)


def losses_at_bounds(
    predictions: Float32[np.ndarray, "rows outputs"], targets: np.ndarray, form: Form, grid: tuple[float, ...]
) -> Float64[np.ndarray, "rows bounds"]:
    """The log loss of each row with each lower bound of the grid."""

    def independent(block: slice) -> Callable[[float], np.ndarray]:
        rows = predictions[block]
        return lambda lower: row_losses(within(_from(lower, form), rows, form), targets[block])

    def distribution(block: slice) -> Callable[[float], np.ndarray]:
        rows, asked = predictions[block], targets[block]
        each = [descending(rows[:, mine]) for mine in column_slices(distributions_of(form, rows.shape[1]))]
        truth = of_truth(rows, asked)

        def at(lower: float) -> np.ndarray:
            scales = np.column_stack([one.scales(lower, 1.0) for one in each])
            return mean_over_asked(-np.log(np.maximum(lower, truth * scales)), asked)

        return at

    losses = independent if form == "independent" else distribution
    return losses_on_grid(len(targets), list(row_blocks(predictions.shape)), grid, losses)
