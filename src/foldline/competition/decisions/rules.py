"""Rules, from predictions to the answers that a submission holds: data, which `clip` writes and `format` reads."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32
from pydantic import Field

from foldline.cards import metric as facts
from foldline.cards.metric import Metric
from foldline.cards.submission import ClassProbabilities, HardLabel, LabelSet, Lines, Number, Submission
from foldline.cards.target import Binary, Multilabel, Ordinal, Ranked, Target
from foldline.competition.decisions.cut_points import CutPoints, fit_cut_points, half_way
from foldline.competition.decisions.labels import MostProbable, WeightedClasses, fit_balance, fit_weights
from foldline.competition.decisions.positives import f_beta_worth, fit_label, matthews_worth
from foldline.competition.decisions.rankings import TopClasses, TopClassesOrNew, fit_level, new_class_position
from foldline.competition.decisions.row_sets import fit_row_f_beta
from foldline.competition.decisions.sets import Thresholds, even_thresholds, fit_macro, fit_micro
from foldline.competition.decisions.values import (
    HardPositive,
    PositiveProbability,
    WithinRange,
    fit_positive,
    fit_range,
)
from foldline.config.section import Section, parse
from foldline.files import read_json, write_json

UNFITTED_LEVEL = 0.5


class AsPredicted(Section):
    """The predictions themselves."""

    kind: Literal["as_predicted"]

    def __call__(self, predictions: Float32[np.ndarray, "rows outputs"]) -> Float32[np.ndarray, "rows outputs"]:
        return predictions


Rule = Annotated[
    AsPredicted
    | MostProbable
    | WeightedClasses
    | CutPoints
    | Thresholds
    | TopClasses
    | TopClassesOrNew
    | PositiveProbability
    | HardPositive
    | WithinRange,
    Field(discriminator="kind"),
]
"""Called with predictions (rows, outputs), float32. Its answers: labels int64 (rows,), sets bool (rows, classes),
rankings int64 (rows, length), values float32 (rows,), or the predictions. All but values are positions of classes."""


def default_rule(target: Target, submission: Submission, classes: tuple[str, ...], outputs: int) -> Rule:
    """The rule before anything is fitted. outputs: how many numbers a row's predictions are."""
    if isinstance(submission, ClassProbabilities) or (isinstance(submission, Lines) and isinstance(target, Multilabel)):
        return AsPredicted(kind="as_predicted")
    if isinstance(target, Binary) and isinstance(submission, Number):
        return PositiveProbability(kind="positive_probability")
    if isinstance(submission, Number | Lines):
        lowest, highest = submission.range or (None, None)
        return WithinRange(kind="within_range", lowest=(lowest,) * outputs, highest=(highest,) * outputs)
    if isinstance(submission, HardLabel):
        single = isinstance(target, Ordinal) and outputs == 1
        return half_way(len(classes)) if single else MostProbable(kind="most_probable")
    if isinstance(submission, LabelSet):
        return even_thresholds(len(classes), submission.empty)
    if isinstance(target, Ranked) and target.new_class is not None:
        return TopClassesOrNew(
            kind="top_classes_or_new",
            length=submission.length,
            new_class=new_class_position(target.new_class, classes),
            level=UNFITTED_LEVEL,
        )
    return TopClasses(kind="top_classes", length=submission.length)


def fit_rule(
    rule: Rule, metric: Metric, predictions: Float32[np.ndarray, "rows outputs"], targets: np.ndarray, classes: int
) -> Rule:
    """`rule` with what these rows say is best for the metric, or as it is where nothing can be fitted.

    targets: of the same rows, as competition/targets.py encodes them; of a ranked target as it grades them.
    classes: how many there are.
    """
    match rule:
        case MostProbable() | CutPoints():
            return _fit_labels(rule, metric, predictions, targets, classes)
        case Thresholds():
            return _fit_sets(rule, metric, predictions, targets)
        case TopClassesOrNew() if isinstance(metric, facts.MeanAveragePrecision):
            return fit_level(rule, predictions, targets)
        case PositiveProbability() if isinstance(metric, facts.ProbabilisticF1):
            return fit_positive(rule, predictions, targets, metric.beta)
        case WithinRange():
            return fit_range(rule, targets)
    return rule


def _fit_labels(
    rule: MostProbable | CutPoints, metric: Metric, predictions: np.ndarray, targets: np.ndarray, classes: int
) -> Rule:
    if isinstance(metric, facts.QuadraticKappa):
        return fit_cut_points(predictions, targets, classes)
    if isinstance(rule, CutPoints):
        return rule
    match metric:
        case facts.MacroF1():
            return fit_weights(predictions, targets)
        case facts.BalancedAccuracy():
            return fit_balance(predictions, targets)
        case facts.FBeta():
            return fit_label(rule, predictions, targets, f_beta_worth(metric.beta))
        case facts.Matthews() if classes == 2:
            return fit_label(rule, predictions, targets, matthews_worth)
    return rule


def _fit_sets(rule: Thresholds, metric: Metric, predictions: np.ndarray, targets: np.ndarray) -> Rule:
    match metric:
        case facts.MultilabelMicroF1():
            return fit_micro(rule, predictions, targets)
        case facts.MultilabelMacroF1():
            return fit_macro(rule, predictions, targets)
        case facts.MeanRowFBeta():
            return fit_row_f_beta(rule, predictions, targets, metric.beta)
    return rule


def write_rule(path: Path, rule: Rule) -> None:
    write_json(path, rule.model_dump(mode="json"))


def read_rule(path: Path) -> Rule:
    """Raises Refusal when the file is missing or holds no rule."""
    return parse(read_json(path), Rule, str(path))
