"""Metrics of one label per row, as scikit-learn computes them, and their means over the columns of a target of several
labels. Labels are positions among the classes."""

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from foldline.files.class_names import column_sizes, column_slices
from foldline.metrics.class_weights import MeanOfColumns
from foldline.metrics.decisions.ordinal_thresholds import fit_ordinal_thresholds
from foldline.metrics.decisions.thresholds import Score, f_beta_score, kappa_score, matthews_score
from foldline.metrics.decisions.weighted_classes import fit_balance, fit_label, fit_weights
from foldline.metrics.metric_and_rule import MeanOfRows, MetricKind, RuleKind, ratio
from foldline.metrics.truths_and_answers import Labels, LabelsOfColumns, OfClasses, OfColumns, Predictions, Weights


class OfLabels(MetricKind):
    truths: ClassVar = ("label",)
    answers: ClassVar = ("labels",)


class OfTwoClasses(OfLabels):
    """A metric whose best threshold is known of two classes."""

    def score_at_threshold(self) -> Score:
        raise NotImplementedError

    def fit_labels(self, predictions: Predictions, targets: Labels) -> RuleKind | None:
        return fit_label(predictions, targets, self.score_at_threshold()) if predictions.shape[1] == 2 else None


class Accuracy(OfLabels, MeanOfRows):
    """The fraction of rows whose label is correct."""

    kind: Literal["accuracy"]
    other_names: ClassVar = {
        "error_rate": "error_rate is 1 - accuracy, and best where it is",
        "micro_f1": "the same where each row has one label",
    }

    def row_scores(self, targets: Labels, predictions: Labels) -> Float64[np.ndarray, " rows"]:
        return (predictions == targets).astype(np.float64)


class MacroF1(OfLabels):
    """The mean over classes of a label's F1; a class counts when it is among the answers or the predictions."""

    kind: Literal["macro_f1"]

    def value(self, targets: Labels, predictions: Labels, weights: Weights) -> float:
        wanted, found, scores = _f1_by_class(targets, predictions, weights)
        return float(np.mean(scores[(wanted > 0) | (found > 0)]))

    def fit_labels(self, predictions: Predictions, targets: Labels) -> RuleKind | None:
        return fit_weights(predictions, targets, self.score, by_support=False)


class WeightedF1(OfLabels):
    """The mean over classes of a label's F1, each weighted by its rows."""

    kind: Literal["weighted_f1"]

    def value(self, targets: Labels, predictions: Labels, weights: Weights) -> float:
        wanted, _, scores = _f1_by_class(targets, predictions, weights)
        return float(np.average(scores, weights=wanted))

    def fit_labels(self, predictions: Predictions, targets: Labels) -> RuleKind | None:
        return fit_weights(predictions, targets, self.score, by_support=True)


class BalancedAccuracy(OfLabels):
    """The mean over classes of the fraction of their rows that is correct: macro recall."""

    kind: Literal["balanced_accuracy"]

    def value(self, targets: Labels, predictions: Labels, weights: Weights) -> float:
        hits = predictions == targets
        wanted = np.bincount(targets, weights)
        correct = np.bincount(targets[hits], weights[hits], minlength=len(wanted))
        return float(np.mean(correct[wanted > 0] / wanted[wanted > 0]))

    def fit_labels(self, predictions: Predictions, targets: Labels) -> RuleKind | None:
        return fit_balance(predictions, targets)


class FBeta(OfTwoClasses):
    """F-beta of the positive class of a binary target that is submitted as labels; 0 where it is neither among the
    answers nor among the predictions."""

    kind: Literal["f_beta"]
    beta: Annotated[float, Field(gt=0, examples=[2])]
    truths: ClassVar = ("positive",)

    def value(self, targets: Labels, predictions: Labels, weights: Weights) -> float:
        wanted, found = targets == 1, predictions == 1
        seen = self.beta**2 * float(weights[wanted].sum()) + float(weights[found].sum())
        return (1 + self.beta**2) * float(weights[wanted & found].sum()) / seen if seen else 0.0

    def score_at_threshold(self) -> Score:
        return f_beta_score(self.beta)


class MatthewsCorrelation(OfTwoClasses):
    """Matthews' correlation of labels, also of several classes (Gorodkin 2004); 0 where all answers or all predictions
    are of one class."""

    kind: Literal["matthews_correlation"]
    other_names: ClassVar = {"mcc": ""}

    def value(self, targets: Labels, predictions: Labels, weights: Weights) -> float:
        """Source: Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient, 2004."""
        wanted, found = _counts(targets, predictions, weights)
        rows, correct = float(weights.sum()), float(weights[targets == predictions].sum())
        covariance = correct * rows - float((wanted * found).sum())
        variances = (rows**2 - float((wanted**2).sum())) * (rows**2 - float((found**2).sum()))
        one_class = min(np.ptp(targets), np.ptp(predictions)) == 0
        return 0.0 if one_class else covariance / math.sqrt(variances)

    def score_at_threshold(self) -> Score:
        return matthews_score


class CohenKappa(OfTwoClasses):
    """Cohen's kappa of labels without an order: the fraction that is correct, beyond that by chance."""

    kind: Literal["cohen_kappa"]
    other_names: ClassVar = {"kappa": "of labels without an order"}

    def value(self, targets: Labels, predictions: Labels, weights: Weights) -> float:
        """NaN where all are of one class. Source: Cohen, A Coefficient of Agreement for Nominal Scales, 1960."""
        rows = float(weights.sum())
        correct = float(weights[targets == predictions].sum()) / rows
        wanted, found = (counts / rows for counts in _counts(targets, predictions, weights))
        by_chance = float(wanted @ found)
        return (correct - by_chance) / (1 - by_chance) if by_chance < 1 else math.nan

    def score_at_threshold(self) -> Score:
        return kappa_score


class _KappaOfLevels(OfLabels):
    """A level counts by its rank among those that occur at all, as `cohen_kappa_score` without `labels` counts it."""

    truths: ClassVar = ("level",)
    power: ClassVar[Literal[1, 2]]
    """Of the distance of two levels, which is what a row costs."""

    def value(self, targets: Labels, predictions: Labels, weights: Weights) -> float:
        """NaN where all are of one level."""
        found, positions = np.unique(np.concatenate([targets, predictions]), return_inverse=True)
        counts = np.zeros((len(found), len(found)))
        np.add.at(counts, (positions[: len(targets)], positions[len(targets) :]), weights)
        by_chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / float(weights.sum())
        distances = np.abs(np.subtract.outer(np.arange(len(found)), np.arange(len(found)))) ** self.power
        expected = float((distances * by_chance).sum())
        return 1 - float((distances * counts).sum()) / expected if expected else math.nan

    def fit_labels(self, predictions: Predictions, targets: Labels) -> RuleKind | None:
        return self.fit_levels(predictions, targets, predictions.shape[1])

    def fit_levels(self, predictions: Predictions, targets: Labels, levels: int) -> RuleKind:
        return fit_ordinal_thresholds(predictions, targets, levels, self.power)


class QuadraticWeightedKappa(_KappaOfLevels):
    """Cohen's kappa with quadratic weights, of an ordinal target."""

    kind: Literal["quadratic_weighted_kappa"]
    other_names: ClassVar = {"qwk": "", "kappa": "of levels in order"}
    power: ClassVar = 2


class LinearWeightedKappa(_KappaOfLevels):
    """Cohen's kappa with linear weights, of an ordinal target."""

    kind: Literal["linear_weighted_kappa"]
    other_names: ClassVar = {"kappa": "of levels in order"}
    power: ClassVar = 1


class _MeanColumn(MeanOfColumns):
    answers: ClassVar = ("labels",)
    of_one: ClassVar[OfLabels]

    def of_columns(self, targets: LabelsOfColumns, predictions: LabelsOfColumns, weights: Weights) -> OfColumns:
        scores = np.full(targets.shape[1], math.nan)
        for column, mine in enumerate(column_slices(tuple(column_sizes(self._classes).values()))):
            known = targets[:, column] >= 0
            if known.any():
                wanted, found = targets[known, column] - mine.start, predictions[known, column] - mine.start
                scores[column] = self.of_one.value(wanted, found, weights[known])
        return scores

    def fit_labels(self, predictions: Predictions, targets: Labels) -> RuleKind | None:
        """Of one column."""
        return self.of_one.fit_labels(predictions, targets)


class MeanColumnAccuracy(_MeanColumn):
    """Of a target of several labels the mean over its columns of their accuracy, a missing label left out. `weights`
    are of columns, `{grapheme_root: 2}` (null: all alike)."""

    kind: Literal["mean_column_accuracy"]
    of_one: ClassVar = Accuracy(kind="accuracy")


class MeanColumnBalancedAccuracy(_MeanColumn):
    """The same of macro recall (bengaliai-cv19)."""

    kind: Literal["mean_column_balanced_accuracy"]
    of_one: ClassVar = BalancedAccuracy(kind="balanced_accuracy")


class MeanColumnMacroF1(_MeanColumn):
    """The same of macro F1."""

    kind: Literal["mean_column_macro_f1"]
    of_one: ClassVar = MacroF1(kind="macro_f1")


def _counts(targets: Labels, predictions: Labels, weights: Weights) -> tuple[OfClasses, OfClasses]:
    """What the rows of each class weigh among the targets, and among the predictions."""
    classes = int(max(targets.max(), predictions.max())) + 1
    return np.bincount(targets, weights, minlength=classes), np.bincount(predictions, weights, minlength=classes)


def _f1_by_class(targets: Labels, predictions: Labels, weights: Weights) -> tuple[OfClasses, OfClasses, OfClasses]:
    """The same, and each class's F1: 0 where it is nowhere."""
    (wanted, found), hits = _counts(targets, predictions, weights), targets == predictions
    correct = np.bincount(targets[hits], weights[hits], minlength=len(wanted))
    return wanted, found, ratio(2 * correct, wanted + found)
