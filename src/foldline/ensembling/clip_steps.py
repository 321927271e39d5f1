"""Which steps the section `clip` asks for: each of them concerns the ensemble's predictions."""

from collections.abc import Sequence

import numpy as np

from foldline.card.activations import Form, holds_probabilities
from foldline.ensembling import answering, bounds
from foldline.ensembling.clip_section import Clip, NoBounds
from foldline.ensembling.gains import no_gain
from foldline.ensembling.omissions import Steps, no_use
from foldline.metrics.decisions.rules import Rule
from foldline.metrics.metric import Metric


def clip_steps(
    section: Clip, form: Form, classes: Sequence[str], rule: Rule, metric: Metric, targets: np.ndarray
) -> Steps:
    """`rule`: the one that stands in where none is fitted. targets: of the out-of-fold rows."""
    judge = answering.judge_of(metric, rule, classes)
    steps, left_out = [], []
    if not isinstance(section.bounds, NoBounds):
        if judge.metric.is_log_loss and holds_probabilities(form):
            steps.append(bounds.bounds_step(section.bounds, form, len(classes), judge))
        else:
            left_out.append(no_gain(bounds.NAME, no_use(judge.metric, "clipping")))
    if section.rule == "fitted":
        note = rule.note(targets)
        if metric.scores_predictions:
            left_out.append(no_gain(answering.NAME, f"{metric.name} scores predictions, no answers"))
        elif note is not None and rule.fits_level_alone:
            left_out.append(no_gain(answering.NAME, note))
        else:
            steps.append(answering.rule_step(rule, metric, classes, note))
    return steps, left_out
