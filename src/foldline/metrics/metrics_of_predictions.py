"""Metrics that score predictions as they are. Higher is better unless it says otherwise."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldline.metrics.weights_section import Weights, WeightsByTruth
from foldline.params.section import Section


class Auc(Section):
    """Area under the receiver's operating curve, of a binary target."""

    kind: Literal["auc"]


class MeanColumnAuc(Section):
    """The mean of the columns' AUC, of a multilabel target; of one class per row, each class against all others."""

    kind: Literal["mean_column_auc"]


class WeightedMeanColumnAuc(Section):
    """The same, each column as its weight says: `weights: {Aneurysm Present: 13}`, and 1 for all others."""

    kind: Literal["weighted_mean_column_auc"]
    weights: Weights


class WeightedAuc(Section):
    """AUC of a binary target whose bands of true-positive rate count differently; the highest score is 1."""

    kind: Literal["weighted_auc"]
    edges: Annotated[tuple[float, ...], Field(min_length=2)]
    """Of the bands, from 0 to 1: [0, 0.4, 1]."""
    weights: tuple[Annotated[float, Field(ge=0)], ...]
    """One per band: [2, 1]."""

    @model_validator(mode="after")
    def _bands_have_weights(self) -> "WeightedAuc":
        rising = all(low < high for low, high in zip(self.edges, self.edges[1:], strict=False))
        if not rising or self.edges[0] != 0 or self.edges[-1] != 1:
            raise ValueError(f"metric.edges is {list(self.edges)}: it must rise from 0 to 1")
        if len(self.weights) != len(self.edges) - 1 or not any(self.weights):
            raise ValueError(
                f"metric.weights is {list(self.weights)}: the {len(self.edges) - 1} bands between metric.edges take a "
                "weight each, not all of them 0"
            )
        return self


class PartialAuc(Section):
    """The area under the curve of a binary target and above a true-positive rate, at most 1 minus it (isic-2024)."""

    kind: Literal["partial_auc"]
    min_true_positive_rate: Annotated[float, Field(ge=0, lt=1)]


class MicroAuc(Section):
    """AUC of all pairs of row and label, of a multilabel target."""

    kind: Literal["micro_auc"]


class AveragePrecision(Section):
    """The mean precision at the places of the positive rows, of a binary target."""

    kind: Literal["average_precision"]


class MeanColumnAveragePrecision(Section):
    """The mean of the columns' average precision, of a multilabel target; of one class per row, each class against all
    others."""

    kind: Literal["mean_column_average_precision"]


class BinaryLogLoss(Section):
    """Log loss of a binary target, or the mean over all rows and columns of a multilabel one; lower is better."""

    kind: Literal["binary_log_loss"]


class WeightedBinaryLogLoss(Section):
    """The mean over rows of a multilabel target's weighted mean over its labels; lower is better.

    `weights: {any: 2}`, or where being present counts otherwise than being absent (rsna-2022-cervical-spine):
    `weights: {patient_overall: {negative: 7, positive: 14}}`.
    """

    kind: Literal["weighted_binary_log_loss"]
    weights: WeightsByTruth


class LogLoss(Section):
    """Multiclass log loss; lower is better."""

    kind: Literal["log_loss"]


class WeightedLogLoss(Section):
    """Multiclass log loss whose rows weigh as their class does, by the sum of the weights; lower is better.

    As scikit-learn's `log_loss` with `sample_weight`. `weights: {severe: 4, moderate: 2}`.
    """

    kind: Literal["weighted_log_loss"]
    weights: Weights


class MeanColumnLogLoss(Section):
    """Of a target of several labels the mean over its columns of their rows' log loss, a missing label left out; lower
    is better."""

    kind: Literal["mean_column_log_loss"]
    weights: Weights | None
    """By the name of a column. null: all weigh the same."""
    class_weights: Weights | None
    """What a row weighs in its column, by its label there: `{Severe: 4, Moderate: 2}`. null: all weigh the same."""


class KlDivergence(Section):
    """The mean over rows of the Kullback-Leibler divergence of the predicted shares from the voted ones; lower is
    better."""

    kind: Literal["kl_divergence"]


class BalancedLogLoss(Section):
    """The mean over classes of their rows' log loss; lower is better."""

    kind: Literal["balanced_log_loss"]


class Brier(Section):
    """The mean squared error of probabilities, over rows and classes; lower is better.

    Brier's own sum over classes is as many times this as there are classes. It is no log loss: a temperature is fitted,
    bounds are not, since a row that is certain and wrong costs 1 at most.
    """

    kind: Literal["brier"]
