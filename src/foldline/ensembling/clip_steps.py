"""Which steps the section `clip` asks for: each of them concerns the ensemble's predictions."""

from collections.abc import Sequence

import numpy as np

from foldline.card.activations import Form, holds_probabilities
from foldline.ensembling import answering, bounds
from foldline.ensembling.clip_section import Clip, NoBounds
from foldline.ensembling.gains import no_gain
from foldline.ensembling.omissions import Steps, no_use
from foldline.metrics.decisions.rankings import TopClassesOrNew
from foldline.metrics.decisions.rules import Rule
from foldline.metrics.metric import Metric as MetricFact


def clip_steps(
    section: Clip, form: Form, classes: Sequence[str], rule: Rule, fact: MetricFact, targets: np.ndarray
) -> Steps:
    """`rule`: the one that stands in where none is fitted. targets: of the out-of-fold rows."""
    judge = answering.judge_of(fact, rule, classes)
    steps, left_out = [], []
    if not isinstance(section.bounds, NoBounds):
        if judge.metric.is_log_loss and holds_probabilities(form):
            steps.append(bounds.bounds_step(section.bounds, form, len(classes), judge))
        else:
            left_out.append(no_gain(bounds.NAME, no_use(judge.metric, "clipping")))
    if section.rule == "fitted":
        note = answering.level_note(rule, targets)
        if judge.metric.needs == "probabilities":
            left_out.append(no_gain(answering.NAME, f"{judge.metric.name} scores predictions, no answers"))
        elif note is not None and isinstance(rule, TopClassesOrNew):  # there is nothing else to fit
            left_out.append(no_gain(answering.NAME, note))
        else:
            steps.append(answering.rule_step(rule, fact, classes, note))
    return steps, left_out
