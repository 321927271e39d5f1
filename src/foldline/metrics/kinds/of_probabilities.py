"""Metrics of probabilities as they are, lower is better: log losses as scikit-learn computes them, divergence, squared
error. They go block by block: of the predictions little is in memory at a time."""

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import scipy
from jaxtyping import Float, Float64, Int64

from foldline.files.arrays import row_blocks
from foldline.files.class_names import label_of
from foldline.files.compact import CompactArray
from foldline.metrics.checks import checked_block, require_probabilities
from foldline.metrics.class_weights import (
    ByName,
    ByNameAndTruth,
    ByTruth,
    MeanOfColumns,
    WeightedByName,
    refuse_unknown,
    weights_of,
)
from foldline.metrics.metric_and_rule import MeanOfRows, MetricKind, by_blocks, ratio, weighted_mean
from foldline.metrics.truths_and_answers import Indicators, Labels, OfRows, OneOrEach, Predictions, Weights

# scikit-learn's clipping of float64 probabilities: one certain and wrong row costs 36.04.
SMALLEST = float(np.finfo(np.float64).eps)
SMALLEST_SHARE = 1e-15
"""To which Kaggle's own metric clips predictions (Kullback Leibler Divergence, of hms-harmful-brain-activity)."""


class OfLogarithms(MetricKind):
    """A mean of log losses."""

    truths: ClassVar = ("class",)
    answers: ClassVar = ("probabilities",)
    is_error: ClassVar = True
    is_log_loss: ClassVar = True


class LogLoss(OfLogarithms, MeanOfRows):
    """Multiclass log loss."""

    kind: Literal["log_loss"]
    other_names: ClassVar = {"cross_entropy": "", "logloss": ""}

    def row_scores(self, targets: Labels, predictions: Predictions) -> OfRows:
        return log_losses(targets, predictions)


class WeightedLogLoss(OfLogarithms, WeightedByName):
    """Multiclass log loss whose rows weigh as their class does, by the sum of the weights, as scikit-learn's `log_loss`
    with `sample_weight`: `weights: {severe: 4, moderate: 2}`."""

    kind: Literal["weighted_log_loss"]
    weights: ByName

    def value(self, targets: Labels, predictions: Predictions, weights: Weights) -> float:
        return weighted_mean(log_losses(targets, predictions), self.in_order[targets] * weights)


class BalancedLogLoss(OfLogarithms):
    """The mean over classes of their rows' log loss."""

    kind: Literal["balanced_log_loss"]

    def value(self, targets: Labels, predictions: Predictions, weights: Weights) -> float:
        losses = log_losses(targets, predictions)
        each = (targets == one for one in np.unique(targets))
        return float(np.mean([weighted_mean(losses[rows], weights[rows]) for rows in each]))


class BinaryLogLoss(OfLogarithms, MeanOfRows):
    """Log loss of a binary target, or the mean over all rows and columns of a multilabel one."""

    kind: Literal["binary_log_loss"]
    truths: ClassVar = ("positive", "set")
    answers: ClassVar = ("numbers", "probabilities")

    def row_scores(self, targets: OneOrEach, predictions: Predictions) -> OfRows:
        if targets.ndim == 1:
            return log_losses(targets, predictions)
        return by_blocks(lambda wanted, rows: _losses_of_each(wanted, rows).mean(axis=1), targets, predictions)


class WeightedBinaryLogLoss(OfLogarithms, MeanOfRows, WeightedByName):
    """The mean over rows of a multilabel target's weighted mean over its labels: `weights: {any: 2}`, or where being
    present counts otherwise than being absent, `weights: {patient_overall: {negative: 7, positive: 14}}`
    (rsna-2022-cervical-spine-fracture-detection)."""

    kind: Literal["weighted_binary_log_loss"]
    weights: ByNameAndTruth
    truths: ClassVar = ("set",)

    def row_scores(self, targets: Indicators, predictions: Predictions) -> OfRows:
        """A row's weights are divided by their sum, so that each row counts alike; one whose columns all weigh 0 costs
        nothing."""
        of_zero, of_one = (weights_of(self._of_truth(truth), self._classes) for truth in ("negative", "positive"))

        def row_scores(wanted: Indicators, rows: Predictions) -> OfRows:
            label_weights = np.where(wanted == 1, of_one, of_zero)
            sums = label_weights.sum(axis=1, keepdims=True)
            fractions = ratio(label_weights, sums)
            return (_losses_of_each(wanted, rows) * fractions).sum(axis=1)

        return by_blocks(row_scores, targets, predictions)

    def _of_truth(self, truth: Literal["negative", "positive"]) -> Mapping[str, float]:
        weights = self.weights.items()
        return {name: getattr(one, truth) if isinstance(one, ByTruth) else one for name, one in weights}


class MeanColumnLogLoss(OfLogarithms, MeanOfColumns):
    """Of a target of several labels the mean over its columns of their rows' log loss, a missing label left out.
    `weights` are of columns (null: all alike), `class_weights` say what a row weighs in its column by its label there:
    `{Severe: 4, Moderate: 2}` (null: all alike)."""

    kind: Literal["mean_column_log_loss"]
    class_weights: ByName | None
    truths: ClassVar = MeanOfColumns.truths
    answers: ClassVar = ("column_probabilities",)

    @property
    def labels(self) -> tuple[str, ...]:
        """Indicators class's label, whatever its column."""
        return tuple(map(label_of, self._classes))

    def refuse_unknown_names(self) -> None:
        super().refuse_unknown_names()
        refuse_unknown(self.class_weights or {}, tuple(dict.fromkeys(self.labels)), "metric.class_weights")

    def of_columns(
        self, targets: Int64[np.ndarray, "rows columns"], predictions: Predictions, weights: Weights
    ) -> Float64[np.ndarray, " columns"]:
        # The last one is that of a missing label.
        of_class = np.append(weights_of(self.class_weights or {}, self.labels), 0.0)
        losses, counted = np.zeros(targets.shape[1]), np.zeros(targets.shape[1])
        for block in row_blocks(predictions.shape):
            positions, rows = targets[block], checked_block(predictions, block)
            label_weights = of_class[positions] * weights[block, None]
            losses += (_losses(np.take_along_axis(rows, np.maximum(positions, 0), axis=1)) * label_weights).sum(axis=0)
            counted += label_weights.sum(axis=0)
        return ratio(losses, counted, of_nothing=math.nan)


class KlDivergence(OfLogarithms, MeanOfRows):
    """The mean over rows of the Kullback-Leibler divergence of the predicted distribution from that of the votes."""

    kind: Literal["kl_divergence"]
    truths: ClassVar = ("label_distribution",)

    def row_scores(self, targets: Float[np.ndarray, "rows outputs"], predictions: Predictions) -> OfRows:
        """Of each row sum(voted * log(voted / predicted)); both sum to one.

        Source: Kullback and Leibler, On Information and Sufficiency, 1951.
        """
        return by_blocks(_divergences, targets, predictions)


class Brier(MeanOfRows):
    """The mean squared error of probabilities, over rows and classes; Brier's own sum over classes is as many times
    this as there are classes. It is not a log loss: a temperature is fitted, bounds are not, since a row that is
    certain and wrong costs 1 at most."""

    kind: Literal["brier"]
    truths: ClassVar = ("class", "set")
    answers: ClassVar = ("numbers", "probabilities")
    is_error: ClassVar = True

    def row_scores(self, targets: OneOrEach, predictions: Predictions) -> OfRows:
        """Of two classes scikit-learn's `brier_score_loss`, of C classes its C-th part.

        Source: Brier, Verification of Forecasts Expressed in Terms of Probability, 1950.
        """
        return by_blocks(_squared_errors, targets, predictions)


def log_losses(targets: Labels, predictions: Predictions) -> OfRows:
    """-log(probability of the row's class). predictions: rows that sum to one.

    Of compact predictions, a class that was not kept has an equal part of what the others have together.
    """
    if isinstance(predictions, CompactArray):
        of_targets = predictions.of(targets)
        require_probabilities(of_targets[:, None])
        return _losses(of_targets)
    return by_blocks(lambda labels, rows: _losses(rows[np.arange(len(rows)), labels]), targets, predictions)


def _losses_of_each(targets: Indicators, predictions: Predictions) -> Float64[np.ndarray, "rows outputs"]:
    """Of each row and column, whose probability is that of 1."""
    wide = predictions.astype(np.float64)
    return _losses(np.where(targets == 1, wide, 1 - wide))


def _losses(of_truth: Float[np.ndarray, "*axes"]) -> Float64[np.ndarray, "*axes"]:
    return -np.log(of_truth.astype(np.float64).clip(SMALLEST, 1 - SMALLEST))


def _divergences(votes: Float[np.ndarray, "rows outputs"], predictions: Predictions) -> OfRows:
    wanted, found = votes.astype(np.float64), predictions.astype(np.float64).clip(SMALLEST_SHARE, 1 - SMALLEST_SHARE)
    return (scipy.special.xlogy(wanted, wanted) - scipy.special.xlogy(wanted, found)).sum(axis=1)


def _squared_errors(targets: OneOrEach, predictions: Predictions) -> OfRows:
    wanted = targets == 1 if targets.ndim == 2 else targets[:, None] == np.arange(predictions.shape[1])
    return ((predictions.astype(np.float64) - wanted) ** 2).mean(axis=1)
