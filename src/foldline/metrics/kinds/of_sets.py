"""Metrics of a set of labels per row, of a multilabel target, as scikit-learn computes them.

A label without anything to find scores 0.
"""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from foldline.metrics.decisions.label_thresholds import (
    Thresholds,
    fit_each,
    fit_macro,
    fit_micro,
    fit_rows,
    score_of_sets,
)
from foldline.metrics.metric_and_rule import MeanOfRows, MetricKind, ratio
from foldline.metrics.truths_and_answers import Counts, Indicators, OfClasses, OfRows, Predictions, Sets, Weights


class OfSets(MetricKind):
    truths: ClassVar = ("set",)
    answers: ClassVar = ("sets",)


class _MeanOfSets(OfSets, MeanOfRows):
    def of_counts(self, correct: Counts, found: Counts, wanted: Counts) -> OfRows:
        """From how many labels of a row are correct, are found and are wanted to its score."""
        raise NotImplementedError

    def row_scores(self, targets: Indicators, predictions: Sets) -> OfRows:
        return score_of_sets(targets, predictions, self.of_counts)

    def fit_sets(self, rule: Thresholds, predictions: Predictions, targets: Indicators) -> Thresholds:
        return fit_rows(rule, predictions, targets, self.of_counts)


class MultilabelMicroF1(OfSets):
    """F1 of all pairs of row and label."""

    kind: Literal["multilabel_micro_f1"]
    other_names: ClassVar = {"micro_f1": "of sets"}

    def value(self, targets: Indicators, predictions: Sets, weights: Weights) -> float:
        correct, seen = _by_label(targets, predictions, weights)
        return float(2 * correct.sum() / seen.sum()) if seen.any() else 0.0

    def fit_sets(self, rule: Thresholds, predictions: Predictions, targets: Indicators) -> Thresholds:
        return fit_micro(rule, predictions, targets)


class MultilabelMacroF1(OfSets):
    """The mean over all labels of their F1."""

    kind: Literal["multilabel_macro_f1"]

    def value(self, targets: Indicators, predictions: Sets, weights: Weights) -> float:
        correct, seen = _by_label(targets, predictions, weights)
        return float(np.mean(ratio(2 * correct, seen)))

    def fit_sets(self, rule: Thresholds, predictions: Predictions, targets: Indicators) -> Thresholds:
        return fit_macro(rule, predictions, targets)


class SamplesFBeta(_MeanOfSets):
    """The mean over rows of their set's F-beta; an empty set that is correct scores 0, as in scikit-learn
    (`average="samples"`)."""

    kind: Literal["samples_f_beta"]
    beta: Annotated[float, Field(gt=0, examples=[2])]

    def of_counts(self, correct: Counts, found: Counts, wanted: Counts) -> OfRows:
        return ratio((1 + self.beta**2) * correct, found + self.beta**2 * wanted)


class SamplesJaccard(_MeanOfSets):
    """The mean over rows of intersection over union of their sets (Jaccard 1912); an empty set that is correct scores
    0."""

    kind: Literal["samples_jaccard"]
    other_names: ClassVar = {"iou": ""}

    def of_counts(self, correct: Counts, found: Counts, wanted: Counts) -> OfRows:
        return ratio(correct, found + wanted - correct)


class ExactMatch(_MeanOfSets):
    """The fraction of rows whose whole set is correct, two empty sets among them."""

    kind: Literal["exact_match"]
    other_names: ClassVar = {"subset_accuracy": ""}

    def of_counts(self, correct: Counts, found: Counts, wanted: Counts) -> OfRows:
        return ((correct == found) & (correct == wanted)).astype(np.float64)


class HammingLoss(OfSets, MeanOfRows):
    """The fraction of pairs of row and label that are wrong."""

    kind: Literal["hamming_loss"]
    is_error: ClassVar = True
    counts_all_labels: ClassVar = True

    def row_scores(self, targets: Indicators, predictions: Sets) -> OfRows:
        return ((targets == 1) != predictions).mean(axis=1)

    def fit_sets(self, rule: Thresholds, predictions: Predictions, targets: Indicators) -> Thresholds:
        return fit_each(rule, predictions, targets)


def _by_label(targets: Indicators, sets: Sets, weights: Weights) -> tuple[OfClasses, OfClasses]:
    """What correct answers weigh; answers and targets together."""
    wanted = targets == 1
    return weights @ (wanted & sets), weights @ wanted + weights @ sets
