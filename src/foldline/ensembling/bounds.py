"""Bounds on the probabilities that are written: what a sure and wrong one costs at most."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Float64
from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from foldline.card.activations import column_slices
from foldline.ensembling.forms import Form
from foldline.ensembling.grids import LossesAt, best_on_grid, losses_on_grid
from foldline.ensembling.log_losses import row_losses
from foldline.ensembling.projection import projections
from foldline.ensembling.scales import Inputs
from foldline.ensembling.scoring import not_applicable
from foldline.ensembling.steps import Step
from foldline.ensembling.top_classes import TOP_CLASSES_ALONE
from foldline.files.refusal import Refusal

# What C * (1/C) may differ from one by rounding.
ROUNDING = 1e-13
LOWER_BOUNDS = (0.0, *(float(value) for value in np.geomspace(1e-6, 0.5, 40)))
"""Lower bounds to choose from, in multiples of 1/C, in steps of 40 %; of several columns C is the most that one has."""


class AbsoluteBounds(NamedTuple):
    lower: float
    upper: float


NO_BOUNDS = AbsoluteBounds(0.0, 1.0)


class Bounds(Step):
    """A kind of `clip.bounds`, for a metric that calibration counts for."""

    name = "bounds"
    kind: Any

    @property
    def note(self) -> str:
        return "fitted on predictions of single models"

    def default(self) -> AbsoluteBounds:
        return NO_BOUNDS

    def useless(self) -> str | None:
        if not self.metric.is_log_loss or not self._on.scale.form.has_probabilities:
            return not_applicable(self.metric, "clipping")
        return (
            f"not applicable: bounds need all classes, but {TOP_CLASSES_ALONE}" if self._on.scale.is_compact else None
        )

    def apply(self, setting: Sequence[float], inputs: Inputs) -> Inputs:
        bounds = AbsoluteBounds(*setting)
        if bounds == NO_BOUNDS:
            return inputs
        return (bounding(inputs[0], self._on.scale.form)(bounds).astype(np.float32),)

    def describe(self, setting: AbsoluteBounds) -> str:
        return f"{setting.lower:.3g} .. {setting.upper:.3g}"


class NoBounds(Bounds):
    kind: Literal["none"]
    is_none = True


class GivenBounds(Bounds):
    """Explicit bounds; a row is returned to the simplex within them."""

    kind: Literal["given"]
    unit: Literal["absolute", "per_class"]
    """per_class: `lower` and `upper` are multiples of 1/C, C the number of classes."""
    lower: NonNegativeFloat
    upper: PositiveFloat

    is_given = True

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

    def useless(self) -> str | None:
        useless = super().useless()
        if self._on.scale.is_compact and self.metric.is_log_loss:
            raise Refusal(f"`clip.bounds.kind` is given, {useless}. Set `clip.bounds` to `{{kind: none}}`.")
        return useless

    def fit_data(self, inputs: Inputs, targets: np.ndarray) -> np.ndarray:
        return np.empty((len(targets), 0))

    def fit(self, data: np.ndarray, targets: np.ndarray) -> AbsoluteBounds:
        """Raises Refusal unless the values within the bounds, those of each column, can sum to one, where they must."""
        form = self._on.scale.form
        sizes = form.distributions(self._on.classes)
        unit = 1 / max(sizes) if self.unit == "per_class" else 1.0
        lower, upper = self.lower * unit, self.upper * unit
        for size in sizes:
            if form.adds_up and (size * lower > 1 + ROUNDING or size * upper < 1 - ROUNDING):
                raise Refusal(
                    f"clip.bounds: {size} classes between {lower:g} and {upper:g} sum to between {size * lower:g} and "
                    f"{size * upper:g}, never to one. Choose clip.bounds.lower <= {1 / size:g} <= clip.bounds.upper."
                )
        return AbsoluteBounds(lower, upper)


class FittedBounds(Bounds):
    """The lower bound that the out-of-fold predictions ask for; the upper one is what it leaves to a single class."""

    kind: Literal["fitted"]

    @property
    def grid(self) -> tuple[float, ...]:
        return lower_bounds(self._on.scale.form, self._on.classes)

    def fit_data(self, inputs: Inputs, targets: np.ndarray) -> Float64[np.ndarray, "rows bounds"]:
        """What each row costs with each lower bound of the grid."""
        return losses_on_grid(self._losses, self.grid, inputs, targets)

    def _losses(self, inputs: Inputs, targets: np.ndarray) -> LossesAt:
        form = self._on.scale.form
        bounded = bounding(inputs[0], form)
        return lambda lower: row_losses(bounded(bounds_from(lower, form)), targets)

    def fit(self, data: Float64[np.ndarray, "rows bounds"], targets: np.ndarray) -> AbsoluteBounds:
        return bounds_from(best_on_grid(data, self.grid, 0.0), self._on.scale.form)


def lower_bounds(form: Form, classes: int) -> tuple[float, ...]:
    """To choose from, rising from 0."""
    return tuple(value / max(form.distributions(classes)) for value in LOWER_BOUNDS)


def bounds_from(lower: float, form: Form) -> AbsoluteBounds:
    """A probability by itself and that of its absence have the same lower bound."""
    return AbsoluteBounds(lower, 1.0 if form.adds_up else 1 - lower)


def described_bounds(description: str) -> AbsoluteBounds:
    """Those that `Bounds.describe` puts in words, to three digits."""
    return AbsoluteBounds(*map(float, description.split(" .. ")))


def bounding(
    predictions: Float32[np.ndarray, "rows outputs"], form: Form
) -> Callable[[AbsoluteBounds], Float[np.ndarray, "rows outputs"]]:
    """From bounds to the predictions within. A distribution stays one; probabilities of their own are clipped one by
    one."""
    if not form.adds_up:
        return lambda bounds: predictions.clip(np.float32(bounds.lower), np.float32(bounds.upper))
    columns = [projections(predictions[:, mine]) for mine in column_slices(form.distributions(predictions.shape[1]))]

    def within(bounds: AbsoluteBounds) -> Float[np.ndarray, "rows outputs"]:
        first, *others = (projected(bounds.lower, bounds.upper) for projected in columns)
        return np.hstack([first, *others]) if others else first

    return within
