"""Which steps the section `clip` asks for: each of them concerns the ensemble's predictions."""

from collections.abc import Sequence

from foldline.cards.metric import Metric as MetricFact
from foldline.competition.decisions.rules import Rule
from foldline.config.clip import Clip, NoBounds
from foldline.predictions import answering, bounds
from foldline.predictions.gains import no_gain
from foldline.predictions.omissions import Steps, no_use
from foldline.tables.activations import Form, holds_probabilities


def clip_steps(section: Clip, form: Form, classes: Sequence[str], rule: Rule, fact: MetricFact) -> Steps:
    """`rule`: the one that stands in where none is fitted."""
    judge = answering.judge_of(fact, rule, classes)
    steps, left_out = [], []
    if not isinstance(section.bounds, NoBounds):
        if judge.metric.is_log_loss and holds_probabilities(form):
            steps.append(bounds.bounds_step(section.bounds, form, len(classes), judge))
        else:
            left_out.append(no_gain(bounds.NAME, no_use(judge.metric, "clipping")))
    if section.rule == "fitted":
        if judge.metric.needs == "probabilities":
            left_out.append(no_gain(answering.NAME, f"{judge.metric.name} scores predictions, no answers"))
        else:
            steps.append(answering.rule_step(rule, fact, classes))
    return steps, left_out
