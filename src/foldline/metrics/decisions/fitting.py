"""Which fit a rule and a metric take: what out-of-fold rows say is best."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from jaxtyping import Float32

from foldline.files.class_names import column_slices
from foldline.metrics import metric as facts
from foldline.metrics.catalogue import metric_of
from foldline.metrics.decisions.cut_points import CutPoints, fit_cut_points
from foldline.metrics.decisions.labels import MostProbable, WeightedClasses, fit_balance, fit_weights
from foldline.metrics.decisions.new_labels import LabelOrNew, fit_label_or_new
from foldline.metrics.decisions.positives import f_beta_worth, fit_label, kappa_worth, matthews_worth
from foldline.metrics.decisions.rankings import TopClassesOrNew, fit_level
from foldline.metrics.decisions.row_sets import fit_rows
from foldline.metrics.decisions.rules import Rule
from foldline.metrics.decisions.sets import Thresholds, fit_each, fit_macro, fit_micro
from foldline.metrics.decisions.several_labels import LabelOfEach
from foldline.metrics.decisions.values import PositiveProbability, WithinRange, fit_positive, fit_range
from foldline.metrics.metric import Metric
from foldline.metrics.scores.labels import macro_f1, weighted_f1
from foldline.metrics.scores.sets import f_beta_of_rows, jaccard_of_rows, match_of_rows

OF_ONE_LABEL: Mapping[str, Metric] = {
    "mean_column_accuracy": facts.Accuracy(kind="accuracy"),
    "mean_column_balanced_accuracy": facts.BalancedAccuracy(kind="balanced_accuracy"),
    "mean_column_macro_f1": facts.MacroF1(kind="macro_f1"),
}
"""What a mean over columns is a mean of."""


def fit_rule(
    rule: Rule, metric: Metric, predictions: Float32[np.ndarray, "rows outputs"], targets: np.ndarray, classes: int
) -> Rule:
    """`rule` with what these rows say is best for the metric, or as it is where nothing can be fitted.

    targets: of the same rows, as `graded_targets` (competition/targets.py) gives them. classes: how many there are.
    """
    match rule:
        case MostProbable() | CutPoints() if isinstance(metric, facts.QuadraticKappa):
            return fit_cut_points(predictions, targets, classes, power=2)
        case MostProbable() | CutPoints() if isinstance(metric, facts.LinearKappa):
            return fit_cut_points(predictions, targets, classes, power=1)
        case MostProbable() | LabelOrNew() | LabelOfEach():
            return _fit_labels(rule, predictions, targets, metric, classes)
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
    rule: MostProbable | LabelOrNew | LabelOfEach,
    predictions: np.ndarray,
    targets: np.ndarray,
    metric: Metric,
    classes: int,
) -> Rule:
    match rule:
        case LabelOrNew():
            fit_known = partial(_fit_likeliest, metric=metric, classes=classes)
            return fit_label_or_new(rule, predictions, targets, fit_known, metric_of(metric).score)
        case LabelOfEach():
            return _fit_each(rule, predictions, targets, metric)
    return _fit_likeliest(rule, predictions, targets, metric, classes)


def _fit_likeliest(
    rule: MostProbable, predictions: np.ndarray, targets: np.ndarray, metric: Metric, classes: int
) -> MostProbable | WeightedClasses:
    match metric:
        case facts.MacroF1():
            return fit_weights(predictions, targets, macro_f1, by_support=False)
        case facts.WeightedF1():
            return fit_weights(predictions, targets, weighted_f1, by_support=True)
        case facts.BalancedAccuracy():
            return fit_balance(predictions, targets)
        case facts.FBeta():
            return fit_label(rule, predictions, targets, f_beta_worth(metric.beta))
        case facts.Matthews() if classes == 2:
            return fit_label(rule, predictions, targets, matthews_worth)
        case facts.CohenKappa() if classes == 2:
            return fit_label(rule, predictions, targets, kappa_worth)
    return rule


def _fit_each(rule: LabelOfEach, predictions: np.ndarray, targets: np.ndarray, metric: Metric) -> LabelOfEach:
    likeliest, of_one = MostProbable(kind="most_probable"), OF_ONE_LABEL[metric.kind]

    def fit_one(column: int, mine: slice) -> MostProbable | WeightedClasses:
        known = targets[:, column] >= 0
        labels, classes = targets[known, column] - mine.start, mine.stop - mine.start
        return (
            _fit_likeliest(likeliest, predictions[known, mine], labels, of_one, classes) if len(labels) else likeliest
        )

    fitted = (fit_one(column, mine) for column, mine in enumerate(column_slices(rule.sizes)))
    return rule.model_copy(update={"rules": tuple(fitted)})


def _fit_sets(rule: Thresholds, metric: Metric, predictions: np.ndarray, targets: np.ndarray) -> Rule:
    match metric:
        case facts.MultilabelMicroF1():
            return fit_micro(rule, predictions, targets)
        case facts.MultilabelMacroF1():
            return fit_macro(rule, predictions, targets)
        case facts.MeanRowFBeta():
            return fit_rows(rule, predictions, targets, f_beta_of_rows(metric.beta))
        case facts.MeanRowJaccard():
            return fit_rows(rule, predictions, targets, jaccard_of_rows)
        case facts.ExactMatch():
            return fit_rows(rule, predictions, targets, match_of_rows)
        case facts.HammingLoss():
            return fit_each(rule, predictions, targets)
    return rule
