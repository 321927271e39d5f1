"""Which steps the section `ensemble` asks for: each of them concerns one model's predictions, or their mean."""

from collections.abc import Sequence

from foldline.config.ensemble import Ensemble, NoTemperature
from foldline.predictions import temperature
from foldline.predictions.gains import no_gain
from foldline.predictions.losses import is_log_loss
from foldline.predictions.omissions import Steps, no_use
from foldline.predictions.steps import Judge
from foldline.predictions.weighting import weights_step
from foldline.tables.activations import Form


def ensemble_steps(section: Ensemble, names: Sequence[str], form: Form, judge: Judge) -> Steps:
    """`names`: the members', of the same rows."""
    steps, left_out = [], []
    if not isinstance(section.temperature, NoTemperature):
        if is_log_loss(judge.metric) and form != "value":
            steps.append(temperature.temperature_step(section.temperature, form, judge))
        else:
            left_out.append(no_gain(temperature.NAME, no_use(judge.metric, "a temperature")))
    weights = weights_step(section.method, names, form, judge)
    return [*steps, *([weights] if weights else [])], left_out
