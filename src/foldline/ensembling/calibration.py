"""Steps that make probabilities cost less: a temperature for each model, and bounds for what is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Float32, Float64
from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from foldline.card.activations import column_slices
from foldline.ensembling.log_losses import mean_over_asked, row_losses
from foldline.ensembling.projection import projections
from foldline.ensembling.scales import Form, Inputs
from foldline.ensembling.scoring import LEAST_GAIN, Gain, not_applicable
from foldline.ensembling.steps import Context, Step
from foldline.ensembling.top_classes import TOP_CLASSES_ALONE
from foldline.files.arrays import row_blocks
from foldline.files.refusal import Refusal

LossesAt = Callable[[float], Float64[np.ndarray, " rows"]]
"""What each of some rows costs at a value of a grid."""
TEMPERATURES = tuple(float(2 ** (exponent / 10)) for exponent in range(-20, 21))
"""From a quarter to 4 in steps of 7 %: within half a step of the best, the loss is flat."""


class Temperature(Step):
    """A kind of `ensemble.temperature`."""

    name = "temperature"
    kind: Any

    @property
    def note(self) -> str:
        return "fitted per model, before averaging"


class NoTemperature(Temperature):
    kind: Literal["none"]

    def planned(self, context: Context) -> tuple[list[Step], list[Gain]]:
        return [], []


class FittedTemperature(Temperature):
    """Scores are divided by one temperature for all models, before they are averaged; it is fitted by log loss,
    whatever the metric (Guo et al., On Calibration of Modern Neural Networks, 2017).

    Out-of-fold rows come from one model, test rows from the mean of several, which is softer already: a temperature
    above 1 is not applied unless the person says so.
    """

    kind: Literal["fitted"]
    softening: Literal["reported", "kept"]
    """What becomes of a temperature above 1: it is for one model, and the mean of several is softer already."""

    def default(self) -> float:
        return 1.0

    def useless(self) -> str | None:
        if not self.metric.scores_probabilities or not self._on.scale.form.has_probabilities:
            return not_applicable(self.metric, "a temperature")
        if self._on.scale.is_compact:
            return f"not applicable: a temperature needs the scores of all classes, but {TOP_CLASSES_ALONE}"
        return None

    def fit_data(self, inputs: Inputs, targets: np.ndarray) -> Float64[np.ndarray, "rows temperatures"]:
        """What each row costs at each temperature, the mean over members."""
        return losses_on_grid(self._losses, TEMPERATURES, inputs, targets)

    def _losses(self, inputs: Inputs, targets: np.ndarray) -> LossesAt:
        truths = [self._on.scale.log_of_truth_by_temperature(one, targets) for one in inputs]

        def at(temperature: float) -> Float64[np.ndarray, " rows"]:
            return np.mean([mean_over_asked(-truth(temperature), targets) for truth in truths], axis=0)

        return at

    def fit(self, data: Float64[np.ndarray, "rows temperatures"], targets: np.ndarray) -> float:
        return best_on_grid(data, TEMPERATURES, 1.0)

    def apply(self, setting: float, inputs: Inputs) -> Inputs:
        return inputs if setting == 1.0 else tuple(self._on.scale.normalised(one / setting) for one in inputs)

    def describe(self, setting: float) -> str:
        return f"T = {setting:.3g}"

    def objection(self, setting: float) -> str | None:
        if setting <= 1 or self.softening == "kept":
            return None
        return "softening is for one model; the mean of several is softer already (ensemble.temperature.softening)"


# What C * (1/C) may differ from one by rounding.
ROUNDING = 1e-13
LOWER_BOUNDS = (0.0, *(float(value) for value in np.geomspace(1e-6, 0.5, 40)))
"""Lower bounds to choose from, in multiples of 1/C, in steps of 40 %; of several columns C is the most that one has."""


@dataclass(frozen=True)
class AbsoluteBounds:
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

    def apply(self, setting: AbsoluteBounds, inputs: Inputs) -> Inputs:
        if setting == NO_BOUNDS:
            return inputs
        return (bounding(inputs[0], self._on.scale.form)(setting).astype(np.float32),)

    def describe(self, setting: AbsoluteBounds) -> str:
        return f"{setting.lower:.3g} .. {setting.upper:.3g}"

    def written(self, setting: AbsoluteBounds) -> list[float]:
        return [setting.lower, setting.upper]

    def read(self, written: list[float]) -> AbsoluteBounds:
        return AbsoluteBounds(*written)


class NoBounds(Bounds):
    kind: Literal["none"]

    def planned(self, context: Context) -> tuple[list[Step], list[Gain]]:
        return [], []


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
        bounded = bounding(inputs[0], self._on.scale.form)
        return lambda lower: row_losses(bounded(self._from(lower)), targets)

    def _from(self, lower: float) -> AbsoluteBounds:
        return bounds_from(lower, self._on.scale.form)

    def fit(self, data: Float64[np.ndarray, "rows bounds"], targets: np.ndarray) -> AbsoluteBounds:
        return self._from(best_on_grid(data, self.grid, 0.0))


def lower_bounds(form: Form, classes: int) -> tuple[float, ...]:
    """To choose from, rising from 0."""
    return tuple(value / max(form.distributions(classes)) for value in LOWER_BOUNDS)


def bounds_from(lower: float, form: Form) -> AbsoluteBounds:
    """A probability by itself and that of its absence have the same lower bound."""
    return AbsoluteBounds(lower, 1.0 if form.adds_up else 1 - lower)


def described_bounds(description: str) -> AbsoluteBounds:
    """Those that `Bounds.describe` puts in words, to three digits."""
    lower, upper = map(float, description.split(" .. "))
    return AbsoluteBounds(lower, upper)


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
