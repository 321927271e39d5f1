"""Section `metric` of a card: how the competition scores. Higher is better unless it says otherwise."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldline.config.section import Section


class Auc(Section):
    """Area under the receiver's operating curve, of a binary target."""

    kind: Literal["auc"]


class MeanColumnAuc(Section):
    """The mean of the columns' AUC, of a multilabel target."""

    kind: Literal["mean_column_auc"]


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
    """The mean of the columns' average precision, of a multilabel target."""

    kind: Literal["mean_column_average_precision"]


class BinaryLogLoss(Section):
    """Log loss of a binary target, or the mean over all rows and columns of a multilabel one; lower is better."""

    kind: Literal["binary_log_loss"]


Weights = Annotated[Mapping[str, Annotated[float, Field(ge=0)]], Field(min_length=1)]
"""By the name of a class or column; those without one weigh 1."""


class WeightedBinaryLogLoss(Section):
    """The same of a multilabel target whose labels weigh differently; lower is better: `weights: {any: 2}`."""

    kind: Literal["weighted_binary_log_loss"]
    weights: Weights


class LogLoss(Section):
    """Multiclass log loss; lower is better."""

    kind: Literal["log_loss"]


class BalancedLogLoss(Section):
    """The mean over classes of their rows' log loss; lower is better."""

    kind: Literal["balanced_log_loss"]


class Accuracy(Section):
    kind: Literal["accuracy"]


class MacroF1(Section):
    """The mean over classes of a label's F1; a class counts when it is among the answers or the predictions."""

    kind: Literal["macro_f1"]


class BalancedAccuracy(Section):
    """The mean over classes of the share of their rows that is right: macro recall."""

    kind: Literal["balanced_accuracy"]


class Matthews(Section):
    """Matthews' correlation of labels, also of several classes (Gorodkin 2004)."""

    kind: Literal["matthews"]


class FBeta(Section):
    """F-beta of the positive class of a binary target that is submitted as labels."""

    kind: Literal["f_beta"]
    beta: Annotated[float, Field(gt=0)]


class MeanRowFBeta(Section):
    """The mean over rows of their set's F-beta, of a multilabel target; an empty set that is right scores 0."""

    kind: Literal["mean_row_f_beta"]
    beta: Annotated[float, Field(gt=0)]


class MultilabelMicroF1(Section):
    """F1 of all pairs of row and label, of a multilabel target."""

    kind: Literal["multilabel_micro_f1"]


class MultilabelMacroF1(Section):
    """The mean over all labels of their F1, of a multilabel target."""

    kind: Literal["multilabel_macro_f1"]


class MeanAveragePrecision(Section):
    """MAP@k of a ranking with one right class: the mean over rows of 1 / its place, 0 where it is not among k."""

    kind: Literal["map_at_k"]
    k: Annotated[int, Field(ge=1)]


class TopKError(Section):
    """The share of rows whose class is not among the first k of their ranking; lower is better."""

    kind: Literal["top_k_error"]
    k: Annotated[int, Field(ge=1)]


class QuadraticKappa(Section):
    """Cohen's kappa with quadratic weights, of an ordinal target."""

    kind: Literal["quadratic_kappa"]


class Rmse(Section):
    """Root of the mean squared error over all rows and columns; lower is better."""

    kind: Literal["rmse"]


class MeanColumnRmse(Section):
    """The mean of the columns' RMSE (MCRMSE); lower is better."""

    kind: Literal["mean_column_rmse"]


class Mae(Section):
    """The mean absolute error over all rows and columns; lower is better."""

    kind: Literal["mae"]


class Rmsle(Section):
    """Root of the mean squared difference of log(1 + value); lower is better."""

    kind: Literal["rmsle"]


class R2(Section):
    """The mean of the columns' coefficients of determination."""

    kind: Literal["r2"]


class WeightedR2(Section):
    """The coefficient of determination of all rows and columns together, each weighing as its column does."""

    kind: Literal["weighted_r2"]
    weights: Weights


class ProbabilisticF1(Section):
    """F-beta of a binary target with probabilities in the place of counts (Yacouby and Axman, 2020)."""

    kind: Literal["probabilistic_f1"]
    beta: Annotated[float, Field(gt=0)]


Metric = Annotated[
    Auc
    | MeanColumnAuc
    | MicroAuc
    | WeightedAuc
    | PartialAuc
    | AveragePrecision
    | MeanColumnAveragePrecision
    | BinaryLogLoss
    | WeightedBinaryLogLoss
    | LogLoss
    | BalancedLogLoss
    | Accuracy
    | BalancedAccuracy
    | MacroF1
    | FBeta
    | Matthews
    | MultilabelMicroF1
    | MultilabelMacroF1
    | MeanRowFBeta
    | MeanAveragePrecision
    | TopKError
    | QuadraticKappa
    | Rmse
    | MeanColumnRmse
    | Mae
    | Rmsle
    | R2
    | WeightedR2
    | ProbabilisticF1,
    Field(discriminator="kind"),
]
