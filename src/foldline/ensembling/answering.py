"""The step that turns predictions into answers by a rule: thresholds, cut points, weights of classes."""

from collections.abc import Sequence

import numpy as np

from foldline.ensembling.scales import Inputs
from foldline.ensembling.steps import Judge, Step, apart
from foldline.metrics.decisions.rules import Rule
from foldline.metrics.metric import Metric

NAME = "rule"


def judge_of(metric: Metric, rule: Rule, classes: Sequence[str] = ()) -> Judge:
    """Predictions are scored as they are where the metric wants probabilities, else by the answers of `rule`.

    classes: in the order of the outputs, for the metrics that weigh them by name.
    """
    return Judge(metric.of(classes), as_they_are if metric.scores_predictions else rule)


def as_they_are(predictions: np.ndarray) -> np.ndarray:
    return predictions


def answers_in(metric: Metric) -> Judge:
    """Of answers that a rule has given."""
    return Judge(metric, as_they_are)


def rule_step(default: Rule, metric: Metric, classes: Sequence[str], note: str | None = None) -> Step:
    """For a metric that scores answers: from one array of predictions to answers."""

    def applied(rule: Rule, inputs: Inputs) -> Inputs:
        return (rule(inputs[0]),)

    return Step(
        NAME,
        default=default,
        fit=lambda together, targets: default.fitted(metric, apart(together)[0], targets, len(classes)),
        apply=applied,
        judge=answers_in(metric.of(classes)),
        describe=lambda rule: rule.kind,
        note=note,
    )
