"""Temperature: scores are divided by one number (Guo et al., On Calibration of Modern Neural Networks, 2017).

Out-of-fold rows come from one model, test rows from the mean of several, which is softer already: a temperature is
applied to each model before they are averaged, and one above 1 is not kept unless the person says so.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float64

from foldline.card.activations import holds_probabilities
from foldline.ensembling.chain import Judge, Step, Steps
from foldline.ensembling.gains import no_gain, no_use
from foldline.ensembling.losses import best_on_grid, losses_on_grid, mean_over_asked, truth_of_scores
from foldline.ensembling.scales import Inputs, Scale
from foldline.ensembling.top_classes import TOP_CLASSES_ALONE
from foldline.files.arrays import row_blocks
from foldline.params.section import Section

NAME = "temperature"
GRID = tuple(float(2 ** (exponent / 10)) for exponent in range(-20, 21))
"""From a quarter to 4 in steps of 7 %: within half a step of the best, the loss is flat."""
ONE_MODEL = "holds for one model"


class Temperature(Section):
    """A kind of `ensemble.temperature`."""

    def steps(self, scale: Scale, judge: Judge) -> Steps:
        raise NotImplementedError


class NoTemperature(Temperature):
    kind: Literal["none"]

    def steps(self, scale: Scale, judge: Judge) -> Steps:
        return [], []


class FittedTemperature(Temperature):
    """Scores are divided by one temperature for all models, before they are averaged."""

    kind: Literal["fitted"]
    softening: Literal["reported", "kept"]
    """What becomes of a temperature above 1: it holds for one model, and the mean of several is softer already."""

    def steps(self, scale: Scale, judge: Judge) -> Steps:
        """For a metric that judges probabilities; fitted by log loss, whatever it is."""
        if not judge.metric.judges_probabilities or not holds_probabilities(scale.form):
            return [], [no_gain(NAME, no_use(judge.metric, "a temperature"))]
        if not scale.has_scores:
            return [], [no_gain(NAME, f"a temperature takes the scores of all classes: {TOP_CLASSES_ALONE}")]
        step = Step(
            NAME,
            default=1.0,
            fit=lambda losses, targets: best_on_grid(losses, GRID, 1.0),
            apply=lambda temperature, inputs: divided(scale, inputs, temperature),
            judge=judge,
            describe=lambda temperature: f"T = {temperature:.3g}",
            evidence=lambda inputs, targets: _losses(scale, inputs, targets),
            objection=self._objection,
            note=ONE_MODEL,
        )
        return [step], []

    def _objection(self, temperature: float) -> str | None:
        if temperature <= 1 or self.softening == "kept":
            return None
        return f"softening {ONE_MODEL}, and the mean of several is softer already (ensemble.temperature.softening)"


def divided(scale: Scale, inputs: Inputs, temperature: float) -> Inputs:
    return inputs if temperature == 1.0 else tuple(scale.normalised(one / temperature) for one in inputs)


def _losses(scale: Scale, inputs: Inputs, targets: np.ndarray) -> Float64[np.ndarray, "rows temperatures"]:
    """What each row costs at each temperature, the mean over members."""

    def losses(block: slice) -> Callable[[float], np.ndarray]:
        rows, asked = tuple(one[block] for one in inputs), targets[block]

        def at(temperature: float) -> np.ndarray:
            truths = (truth_of_scores(one, asked, scale.form) for one in divided(scale, rows, temperature))
            return np.mean([mean_over_asked(-truth, asked) for truth in truths], axis=0)

        return at

    return losses_on_grid(len(targets), list(row_blocks(inputs[0].shape)), GRID, losses)
