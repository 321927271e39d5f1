"""Section `metric` of a card: how the competition scores."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldline.config.section import Section


class Auc(Section):
    """Area under the receiver's operating curve, of a binary target; higher is better."""

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


class BinaryLogLoss(Section):
    """Log loss of a binary target, or the mean over all rows and columns of a multilabel one; lower is better."""

    kind: Literal["binary_log_loss"]


class LogLoss(Section):
    """Multiclass log loss; lower is better."""

    kind: Literal["log_loss"]


class Accuracy(Section):
    kind: Literal["accuracy"]


class MacroF1(Section):
    """The mean over classes of a label's F1; a class counts when it is among the answers or the predictions."""

    kind: Literal["macro_f1"]


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


class QuadraticKappa(Section):
    """Cohen's kappa with quadratic weights, of an ordinal target."""

    kind: Literal["quadratic_kappa"]


class Rmse(Section):
    """Root of the mean squared error; lower is better."""

    kind: Literal["rmse"]


class ProbabilisticF1(Section):
    """F-beta of a binary target with probabilities in the place of counts (Yacouby and Axman, 2020)."""

    kind: Literal["probabilistic_f1"]
    beta: Annotated[float, Field(gt=0)]


Metric = Annotated[
    Auc
    | MeanColumnAuc
    | WeightedAuc
    | BinaryLogLoss
    | LogLoss
    | Accuracy
    | MacroF1
    | MultilabelMicroF1
    | MultilabelMacroF1
    | MeanAveragePrecision
    | QuadraticKappa
    | Rmse
    | ProbabilisticF1,
    Field(discriminator="kind"),
]
