"""Which steps the parameters ask for, and which of them the metric has no use for."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

from foldline.cards.metric import Metric as MetricFact
from foldline.competition.decisions.rules import Rule
from foldline.competition.metrics import Metric
from foldline.config.clip import Clip, NoBounds
from foldline.config.ensemble import Ensemble, NoTemperature
from foldline.predictions import answering, bounds, temperature
from foldline.predictions.gains import Gain, no_gain
from foldline.predictions.losses import is_log_loss
from foldline.predictions.steps import Judge, Step
from foldline.predictions.weighting import weights_step
from foldline.tables.activations import Form

MOST_ROWS = 20_000
MOST_BYTES = 1 << 28
"""Of rows to fit on, and what they take in memory: a handful of numbers is fitted as well on these as on all."""

Steps = tuple[list[Step], list[Gain]]
"""Those to fit, in order, and lines for those that were asked for and are left out."""


def ensemble_steps(section: Ensemble, names: Sequence[str], form: Form, judge: Judge) -> Steps:
    """`names`: the members', of the same rows."""
    steps, left_out = [], []
    if not isinstance(section.temperature, NoTemperature):
        if is_log_loss(judge.metric) and form != "value":
            steps.append(temperature.temperature_step(section.temperature, form, judge))
        else:
            left_out.append(no_gain(temperature.NAME, _no_use(judge.metric, "a temperature")))
    weights = weights_step(section.method, names, form, judge)
    return [*steps, *([weights] if weights else [])], left_out


def clip_steps(section: Clip, form: Form, classes: int, rule: Rule, fact: MetricFact) -> Steps:
    """`rule`: the one that stands in where none is fitted."""
    judge = answering.judge_of(fact, rule)
    steps, left_out = [], []
    if not isinstance(section.bounds, NoBounds):
        if is_log_loss(judge.metric) and form != "value":
            steps.append(bounds.bounds_step(section.bounds, form, classes, judge))
        else:
            left_out.append(no_gain(bounds.NAME, _no_use(judge.metric, "clipping")))
    if section.rule == "fitted":
        if judge.metric.needs == "probabilities":
            left_out.append(no_gain(answering.NAME, f"{judge.metric.name} scores predictions, no answers"))
        else:
            steps.append(answering.rule_step(rule, fact, classes))
    return steps, left_out


def fitting_rows(rows: int, numbers_per_row: int) -> Int64[np.ndarray, " chosen"]:
    """Rising positions of the rows that steps are fitted on: all, or as many as MOST_ROWS and MOST_BYTES allow.

    numbers_per_row: of all inputs together. The same rows whatever the machine.
    """
    most = min(MOST_ROWS, max(1, MOST_BYTES // (4 * numbers_per_row)))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _no_use(metric: Metric, step: str) -> str:
    if metric.calibration_counts:
        return f"{step} is fitted to log losses, and the metric is {metric.name}"
    counting = "the order of predictions" if metric.needs == "probabilities" else metric.needs
    return f"{step} cannot help {metric.name}, which depends on {counting} alone"
