"""Metrics that score answers: labels, sets, rankings. Higher is better unless it says otherwise."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.metrics.weights_section import Weights
from foldline.params.section import Section


class Accuracy(Section):
    kind: Literal["accuracy"]


class MacroF1(Section):
    """The mean over classes of a label's F1; a class counts when it is among the answers or the predictions."""

    kind: Literal["macro_f1"]


class WeightedF1(Section):
    """The mean over classes of a label's F1, each by its share of the rows."""

    kind: Literal["weighted_f1"]


class BalancedAccuracy(Section):
    """The mean over classes of the share of their rows that is right: macro recall."""

    kind: Literal["balanced_accuracy"]


class Matthews(Section):
    """Matthews' correlation of labels, also of several classes (Gorodkin 2004)."""

    kind: Literal["matthews"]


class CohenKappa(Section):
    """Cohen's kappa of labels without an order."""

    kind: Literal["cohen_kappa"]


class _MeanColumn(Section):
    """Of a target of several labels the mean over its columns; higher is better."""

    weights: Weights | None
    """By the name of a column: `{grapheme_root: 2}`. null: all weigh the same."""


class MeanColumnAccuracy(_MeanColumn):
    kind: Literal["mean_column_accuracy"]


class MeanColumnBalancedAccuracy(_MeanColumn):
    """Of macro recall (bengaliai-cv19)."""

    kind: Literal["mean_column_balanced_accuracy"]


class MeanColumnMacroF1(_MeanColumn):
    kind: Literal["mean_column_macro_f1"]


class FBeta(Section):
    """F-beta of the positive class of a binary target that is submitted as labels."""

    kind: Literal["f_beta"]
    beta: Annotated[float, Field(gt=0)]


class MeanRowFBeta(Section):
    """The mean over rows of their set's F-beta, of a multilabel target; an empty set that is right scores 0."""

    kind: Literal["mean_row_f_beta"]
    beta: Annotated[float, Field(gt=0)]


class MeanRowJaccard(Section):
    """The mean over rows of intersection over union of their sets, of a multilabel target; an empty set that is right
    scores 0."""

    kind: Literal["mean_row_jaccard"]


class ExactMatch(Section):
    """The share of rows whose whole set is right, of a multilabel target."""

    kind: Literal["exact_match"]


class HammingLoss(Section):
    """The share of pairs of row and label that are wrong, of a multilabel target; lower is better."""

    kind: Literal["hamming_loss"]


class MultilabelMicroF1(Section):
    """F1 of all pairs of row and label, of a multilabel target."""

    kind: Literal["multilabel_micro_f1"]


class MultilabelMacroF1(Section):
    """The mean over all labels of their F1, of a multilabel target."""

    kind: Literal["multilabel_macro_f1"]


class MeanAveragePrecision(Section):
    """MAP@k of a ranking: the mean over rows of the precision down to each right class among the first k, summed and
    divided by how many right ones there could be. With one right class 1 / its place, 0 where it is not among k."""

    kind: Literal["map_at_k"]
    k: Annotated[int, Field(ge=1)]


class GlobalAveragePrecision(Section):
    """GAP, or micro average precision of one label per row: the rows in the order of their confidence, the precision at
    each right one, by the number of rows."""

    kind: Literal["global_average_precision"]


class TopKError(Section):
    """The share of rows whose class is not among the first k of their ranking; lower is better."""

    kind: Literal["top_k_error"]
    k: Annotated[int, Field(ge=1)]


class TopKAccuracy(Section):
    """The share of rows whose class is among the first k of their ranking."""

    kind: Literal["top_k_accuracy"]
    k: Annotated[int, Field(ge=1)]


class QuadraticKappa(Section):
    """Cohen's kappa with quadratic weights, of an ordinal target."""

    kind: Literal["quadratic_kappa"]


class LinearKappa(Section):
    """Cohen's kappa with linear weights, of an ordinal target."""

    kind: Literal["linear_kappa"]


class ProbabilisticF1(Section):
    """F-beta of a binary target with probabilities in the place of counts (Yacouby and Axman, 2020)."""

    kind: Literal["probabilistic_f1"]
    beta: Annotated[float, Field(gt=0)]
