"""Temperature: scores are divided by one number (Guo et al., On Calibration of Modern Neural Networks, 2017).

Out-of-fold rows come from one model, test rows from the mean of several, which is softer already: a temperature is
applied to each model before they are averaged, and one above 1 is not kept unless the person says so.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Float64

from foldline.card.activations import Form
from foldline.ensembling.columns import column_blocks, columns_of, row_by_row
from foldline.ensembling.ensemble_section import FittedTemperature
from foldline.ensembling.grids import best_on_grid, losses_on_grid
from foldline.ensembling.link import Counts, predictions_of_scores, scores_from
from foldline.ensembling.losses import row_losses
from foldline.ensembling.steps import Inputs, Judge, Step
from foldline.files.compact import rows_at

NAME = "temperature"
GRID = tuple(float(2 ** (exponent / 10)) for exponent in range(-20, 21))
"""From a quarter to 4 in steps of 7 %: within half a step of the best, the loss is flat."""
ONE_MODEL = "holds for one model"


def _divided(inputs: Inputs, counts: Counts, temperature: float, form: Form) -> np.ndarray:
    return predictions_of_scores(scores_from(inputs[0], form) / temperature, form, counts).astype(np.float32)


def temperature_step(section: FittedTemperature, form: Form, judge: Judge) -> Step:
    """For a metric that judges probabilities; fitted by log loss, whatever it is."""

    def divided(temperature: float, inputs: Inputs) -> Inputs:
        if temperature == 1.0:
            return inputs
        return tuple(row_by_row(partial(_divided, temperature=temperature, form=form), (one,)) for one in inputs)

    def evidence(inputs: Inputs, targets: np.ndarray) -> Float64[np.ndarray, "rows temperatures"]:
        """What each row costs at each temperature, the mean over members."""

        def losses(block: slice) -> Callable[[float], np.ndarray]:
            each = [columns_of((rows_at(one, block),)) for one in inputs]
            scores = [(scores_from(one.values[0], form), one.counts, one.places(targets[block])) for one in each]

            def at(temperature: float) -> np.ndarray:
                divided_scores = (
                    (predictions_of_scores(one / temperature, form, counts), places) for one, counts, places in scores
                )
                return np.mean([row_losses(one, places) for one, places in divided_scores], axis=0)

            return at

        return losses_on_grid(len(targets), list(column_blocks(inputs[:1])), GRID, losses)

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
