"""The step that turns predictions into answers by a rule: thresholds, cut points, weights of classes."""

from collections.abc import Sequence

import numpy as np

from foldline.ensembling.columns import apart
from foldline.ensembling.steps import Inputs, Judge, Step
from foldline.metrics.catalogue import Metric, metric_of
from foldline.metrics.decisions.fitting import fit_rule
from foldline.metrics.decisions.new_labels import LabelOrNew
from foldline.metrics.decisions.rankings import TopClassesOrNew
from foldline.metrics.decisions.rules import Rule
from foldline.metrics.metric import Metric as MetricFact

NAME = "rule"


def judge_of(fact: MetricFact, rule: Rule, classes: Sequence[str] = ()) -> Judge:
    """Predictions are scored as they are where the metric wants probabilities, else by the answers of `rule`.

    classes: in the order of the outputs, for the metrics that weigh them by name.
    """
    metric = metric_of(fact, classes)
    return Judge(metric, as_they_are if metric.needs == "probabilities" else rule)


def as_they_are(predictions: np.ndarray) -> np.ndarray:
    return predictions


def answers_in(metric: Metric) -> Judge:
    """Of answers that a rule has given."""
    return Judge(metric, as_they_are)


def level_note(rule: Rule, targets: np.ndarray) -> str | None:
    """What a reader must know where no row says at what level the new class stands, else None.

    targets: as `graded_targets` (competition/targets.py) gives them.
    """
    if not isinstance(rule, TopClassesOrNew | LabelOrNew) or (targets == rule.new_class).any():
        return None
    return f"no class is new to any fold, so that the new class stays at the level {rule.level:g}"


def rule_step(default: Rule, fact: MetricFact, classes: Sequence[str], note: str | None = None) -> Step:
    """For a metric that scores answers: from one array of predictions to answers."""

    def applied(rule: Rule, inputs: Inputs) -> Inputs:
        return (rule(inputs[0]),)

    return Step(
        NAME,
        default=default,
        fit=lambda together, targets: fit_rule(default, fact, apart(together)[0], targets, len(classes)),
        apply=applied,
        judge=answers_in(metric_of(fact, classes)),
        describe=lambda rule: rule.kind,
        note=note,
    )
