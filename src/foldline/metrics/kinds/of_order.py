"""Metrics that see the order of predictions alone: areas under the ROC curve, of which ties count half, and average
precision, of whose curve equal scores are one step."""

import math
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, UInt8
from pydantic import Field, model_validator

from foldline.files.compact import CompactArray
from foldline.metrics.checks import require_probabilities
from foldline.metrics.class_weights import ByName, WeightedByName
from foldline.metrics.metric_and_rule import MetricKind, mean_of_defined
from foldline.metrics.truths_and_answers import OfClasses, OneOrEach, Predictions, Weights

Positive = Bool[np.ndarray, " rows"]
Scores = Float[np.ndarray, " rows"]


class OfOrder(MetricKind):
    """Of a binary target."""

    truths: ClassVar = ("positive",)
    answers: ClassVar = ("numbers", "probabilities")
    sees_order_alone: ClassVar = True

    def of_column(self, positive: Positive, scores: Scores, weights: Weights) -> float:
        """Of whether each row is positive, and of its scores: the area under the ROC curve where nothing else is said.
        NaN where it is not defined."""
        return area(positive, scores, weights)

    def value(self, targets: Int64[np.ndarray, " rows"], predictions: Predictions, weights: Weights) -> float:
        require_probabilities(predictions)
        return self.of_column(targets == 1, predictions[:, 1], weights)


class OfEachClass(OfOrder):
    """The mean over classes, each against all others; a class where it is not defined is left out."""

    truths: ClassVar = ("each_class",)
    answers: ClassVar = ("probabilities",)

    def of_classes(self, targets: OneOrEach, predictions: Predictions, weights: Weights) -> OfClasses:
        require_probabilities(predictions)
        classes = range(predictions.shape[1])
        columns = ((_positive(targets, one), _column(predictions, one)) for one in classes)
        return np.array([self.of_column(positive, scores, weights) for positive, scores in columns])

    def value(self, targets: OneOrEach, predictions: Predictions, weights: Weights) -> float:
        scores = self.of_classes(targets, predictions, weights)
        return mean_of_defined(scores, np.ones(len(scores)))


class Auc(OfOrder):
    """Area under the ROC curve, of a binary target."""

    kind: Literal["auc"]
    other_names: ClassVar = {"gini": "gini is 2 auc - 1, and best where it is"}


class MeanColumnAuc(OfEachClass):
    """The mean of the columns' AUC, of a multilabel target; of one class per row, each class against all others."""

    kind: Literal["mean_column_auc"]


class WeightedMeanColumnAuc(OfEachClass, WeightedByName):
    """The same, each column as its weight says: `weights: {Aneurysm Present: 13}`, and 1 for all others."""

    kind: Literal["weighted_mean_column_auc"]
    weights: ByName

    def value(self, targets: OneOrEach, predictions: Predictions, weights: Weights) -> float:
        return mean_of_defined(self.of_classes(targets, predictions, weights), self.in_order)


class MicroAuc(OfOrder):
    """AUC of all pairs of row and label, of a multilabel target."""

    kind: Literal["micro_auc"]
    truths: ClassVar = ("set",)
    answers: ClassVar = ("probabilities",)

    def value(self, targets: UInt8[np.ndarray, "rows classes"], predictions: Predictions, weights: Weights) -> float:
        require_probabilities(predictions)
        return self.of_column(targets.ravel() == 1, predictions.ravel(), np.repeat(weights, targets.shape[1]))


class WeightedAuc(OfOrder):
    """AUC of a binary target whose bands of true-positive rate count differently; the highest score is 1."""

    kind: Literal["weighted_auc"]
    edges: Annotated[tuple[float, ...], Field(min_length=2, examples=[[0, 0.4, 1]])]
    """Of the bands, from 0 to 1."""
    weights: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(examples=[[2, 1]])]
    """One per band."""

    @model_validator(mode="after")
    def _bands_have_weights(self) -> "WeightedAuc":
        rising = all(low < high for low, high in pairwise(self.edges))
        if not rising or self.edges[0] != 0 or self.edges[-1] != 1:
            raise ValueError(f"metric.edges is {list(self.edges)}: it must rise from 0 to 1")
        if len(self.weights) != len(self.edges) - 1 or not any(self.weights):
            raise ValueError(
                f"metric.weights is {list(self.weights)}: the {len(self.edges) - 1} bands between metric.edges take a "
                "weight each, not all of them 0"
            )
        return self

    def of_column(self, positive: Positive, scores: Scores, weights: Weights) -> float:
        return area_of_bands(positive, scores, weights, self.edges, self.weights)


class PartialAuc(OfOrder):
    """The area under the curve of a binary target and above a true-positive rate, at most 1 minus it (isic-2024)."""

    kind: Literal["partial_auc"]
    min_true_positive_rate: Annotated[float, Field(ge=0, lt=1, examples=[0.8])]

    def of_column(self, positive: Positive, scores: Scores, weights: Weights) -> float:
        lowest = self.min_true_positive_rate
        return (1 - lowest) * area_of_bands(positive, scores, weights, (0.0, lowest, 1.0), (0.0, 1.0))


class AveragePrecision(OfOrder):
    """The precision at each threshold, weighted by the recall that it adds, of a binary target."""

    kind: Literal["average_precision"]

    def of_column(self, positive: Positive, scores: Scores, weights: Weights) -> float:
        return average_precision(positive, scores, weights)


class MeanColumnAveragePrecision(OfEachClass):
    """The mean of the columns' average precision, of a multilabel target; of one class per row, each class against all
    others."""

    kind: Literal["mean_column_average_precision"]

    def of_column(self, positive: Positive, scores: Scores, weights: Weights) -> float:
        return average_precision(positive, scores, weights)


def area(positive: Positive, scores: Scores, weights: Weights) -> float:
    """The fraction of pairs of a positive and a negative row that are in order; NaN where one of the two is absent.

    Source: Mann and Whitney's U over the number of pairs.
    """
    hits, misses = _steps(positive, scores, weights)
    if not hits[-1] or not misses[-1]:
        return math.nan
    found, passed = np.diff(hits, prepend=0), np.diff(misses, prepend=0)
    return float((found * (misses[-1] - misses + passed / 2)).sum() / (hits[-1] * misses[-1]))


def area_of_bands(
    positive: Positive, scores: Scores, weights: Weights, edges: tuple[float, ...], of_bands: tuple[float, ...]
) -> float:
    """The area in each band of true-positive rates between `edges`, times its weight, over that of a perfect curve.

    NaN where there is no positive or no negative row.
    """
    hits, misses = _steps(positive, scores, weights)
    if not hits[-1] or not misses[-1]:
        return math.nan
    false_rates, true_rates = np.append(0, misses / misses[-1]), np.append(0, hits / hits[-1])
    areas = [
        _area_below(false_rates, true_rates, high) - _area_below(false_rates, true_rates, low)
        for low, high in pairwise(edges)
    ]
    return float(np.dot(of_bands, areas) / np.dot(of_bands, np.diff(edges)))


def average_precision(positive: Positive, scores: Scores, weights: Weights) -> float:
    """NaN without a positive row."""
    hits, misses = _steps(positive, scores, weights)
    if not hits[-1]:
        return math.nan
    added = np.diff(hits, prepend=0) / hits[-1]
    return float((hits / (hits + misses) * added).sum())


def _steps(
    positive: Positive, scores: Scores, weights: Weights
) -> tuple[Float64[np.ndarray, " steps"], Float64[np.ndarray, " steps"]]:
    """By falling score what positive and what negative rows weigh so far; equal scores are one step."""
    order = np.argsort(-scores, kind="stable")
    last_of_equal = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    sorted_weights = weights[order]
    hits = np.cumsum(np.where(positive[order], sorted_weights, 0))[last_of_equal]
    misses = np.cumsum(np.where(positive[order], 0, sorted_weights))[last_of_equal]
    return hits, misses


def _area_below(false_rates: np.ndarray, true_rates: np.ndarray, height: float) -> float:
    """The area under the curve and under `height`, exact: the curve gets a point where it crosses."""
    if height == 0:
        return 0.0
    at = int(np.searchsorted(true_rates, height))
    fraction = (height - true_rates[at - 1]) / (true_rates[at] - true_rates[at - 1])
    x = np.insert(false_rates, at, false_rates[at - 1] + fraction * (false_rates[at] - false_rates[at - 1]))
    return float(np.trapezoid(np.minimum(np.insert(true_rates, at, height), height), x))


def _positive(targets: OneOrEach, one: int) -> Positive:
    return targets[:, one] == 1 if targets.ndim == 2 else targets == one


def _column(predictions: Predictions, one: int) -> Scores:
    if isinstance(predictions, CompactArray):
        return predictions.of(np.full(len(predictions), one))
    return predictions[:, one]
