"""Section `clip`: bounds on the final probabilities, a rule that makes answers of them, and the steps of both."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from foldline.card.activations import Form
from foldline.ensembling import answering
from foldline.ensembling.bounds import Bounds
from foldline.ensembling.gains import no_gain
from foldline.ensembling.omissions import Steps
from foldline.metrics.decisions.rules import Rule
from foldline.metrics.metric import Metric
from foldline.params.kinds import union_of
from foldline.params.section import Section

if TYPE_CHECKING:
    KindsOfBounds = Bounds
else:
    KindsOfBounds = union_of("foldline.ensembling.bounds", Bounds)


class Clip(Section):
    bounds: KindsOfBounds
    rule: Literal["default", "fitted"]
    """What turns predictions into labels, sets, rankings or values: the obvious rule, or one that is fitted to the
    metric on out-of-fold predictions (thresholds, cut points, weights of classes)."""


def clip_steps(
    section: Clip, form: Form, classes: Sequence[str], rule: Rule, metric: Metric, targets: np.ndarray
) -> Steps:
    """`rule`: the one that stands in where none is fitted. targets: of the out-of-fold rows."""
    judge = answering.judge_of(metric, rule, classes)
    steps, left_out = section.bounds.steps(form, len(classes), judge)
    if section.rule == "fitted":
        note = rule.note(targets)
        if metric.scores_predictions:
            left_out.append(no_gain(answering.NAME, f"{metric.name} scores predictions, no answers"))
        elif note is not None and rule.fits_level_alone:
            left_out.append(no_gain(answering.NAME, note))
        else:
            steps.append(answering.rule_step(rule, metric, classes, note))
    return steps, left_out
