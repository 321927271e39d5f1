"""A temperature for each model: what its scores are divided by, so that its probabilities cost less."""

from typing import Any, Literal

import numpy as np
from jaxtyping import Float64

from foldline.ensembling.grids import LossesAt, best_on_grid, losses_on_grid
from foldline.ensembling.log_losses import mean_over_asked
from foldline.ensembling.scales import Inputs
from foldline.ensembling.scoring import not_applicable
from foldline.ensembling.steps import Step
from foldline.ensembling.top_classes import TOP_CLASSES_ALONE

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
    is_none = True


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
