"""Temperature: scores are divided by one number (Guo et al., On Calibration of Modern Neural Networks, 2017).

Out-of-fold rows come from one model, test rows from the mean of several, which is softer already: a temperature is
applied to each model before they are averaged, and one above 1 is not kept unless the person says so.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from foldline.config.ensemble import FittedTemperature
from foldline.predictions.activations import predictions_of_scores, scores_from
from foldline.predictions.grids import best_on_grid, losses_on_grid
from foldline.predictions.losses import row_losses
from foldline.predictions.steps import Inputs, Judge, Step
from foldline.tables.activations import Form
from foldline.tables.arrays import row_blocks

NAME = "temperature"
GRID = tuple(float(2 ** (exponent / 10)) for exponent in range(-20, 21))
"""From a quarter to 4 in steps of 7 %: within half a step of the best, the loss is flat."""
ONE_MODEL = "holds for one model"


def temperature_step(section: FittedTemperature, form: Form, judge: Judge) -> Step:
    """For a metric that is a log loss."""

    def divided(temperature: float, inputs: Inputs) -> Inputs:
        if temperature == 1.0:
            return inputs
        return tuple(
            predictions_of_scores(scores_from(one, form) / temperature, form).astype(np.float32) for one in inputs
        )

    def evidence(inputs: Inputs, targets: np.ndarray) -> Float64[np.ndarray, "rows temperatures"]:
        """What each row costs at each temperature, the mean over members."""

        def losses(block: slice) -> Callable[[float], np.ndarray]:
            scores = [scores_from(one[block], form) for one in inputs]

            def at(temperature: float) -> np.ndarray:
                divided_scores = (predictions_of_scores(one / temperature, form) for one in scores)
                return np.mean([row_losses(one, targets[block]) for one in divided_scores], axis=0)

            return at

        return losses_on_grid(len(targets), list(row_blocks(inputs[0].shape)), GRID, losses)

    def objection(temperature: float) -> str | None:
        if temperature <= 1 or section.softening == "kept":
            return None
        return f"softening {ONE_MODEL}, and the mean of several is softer already (ensemble.temperature.softening)"

    return Step(
        NAME,
        default=1.0,
        fit=lambda losses, targets: best_on_grid(losses, GRID, 1.0),
        apply=divided,
        judge=judge,
        describe=lambda temperature: f"T = {temperature:.3g}",
        evidence=evidence,
        objection=objection,
        note=ONE_MODEL,
    )
