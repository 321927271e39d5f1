"""What is averaged over a model's views, and then over folds (`ensemble.average`): probabilities, scores or ranks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float32, Int64

from foldline.card.activations import Activation, ColumnDistributions, Form, form_of
from foldline.ensembling.scales import Inputs, Scale, scores_from
from foldline.files.compact import array_at
from foldline.files.refusal import Refusal


def ranks_within(
    values: Float[np.ndarray, "rows *axes outputs"], groups: Int64[np.ndarray, " rows"], form: Form
) -> Float32[np.ndarray, "rows *axes outputs"]:
    """Each column's ranks among the rows of a group, between 0 and 1; ties have the same.

    groups: the rows of different models are on different scales. A binary distribution stays one. Raises Refusal for
    one of more classes, which ranks are none of.
    """
    _refuse_many_classes(form, values.shape[-1])
    from scipy.stats import rankdata  # A second of start-up, which experiments without ranks are spared.

    ranks = np.empty(values.shape, np.float32)
    for group in np.unique(groups).tolist():
        mine = groups == group
        ranks[mine] = (rankdata(values[mine], axis=0) - 0.5) / mine.sum()
    if form == "distribution":
        ranks[..., 0] = 1 - ranks[..., 1]
    return ranks


def _refuse_many_classes(form: Form, outputs: int) -> None:
    if isinstance(form, ColumnDistributions) or (form == "distribution" and outputs != 2):
        raise Refusal(
            "`ensemble` asks for ranks, but ranks of several classes are not a distribution. Choose another "
            "average, or the method equal or hill_climbing."
        )


def ranks_of_logits(
    logits: Float[np.ndarray, "rows views outputs"], activation: Activation
) -> Float32[np.ndarray, "rows views predicted"]:
    """View by view. Of scores and not of predictions, many of which are all 1 where a model is certain, and in no
    order."""
    form = form_of(activation)
    if form == "distribution":
        _refuse_many_classes(form, logits.shape[2])
    scores = scores_from(logits, activation)
    if form == "distribution":
        scores = np.stack([scores[..., 0] - scores[..., 1], scores[..., 1] - scores[..., 0]], axis=-1)
    return ranks_within(scores, np.zeros(len(logits), np.int64), form)


class Average:
    """Of predictions, or of their ranks."""

    of_ranks: ClassVar[bool] = False

    def summand(self, scale: Scale, logits: np.ndarray, activation: Activation) -> np.ndarray:
        """Of the logits under one view."""
        return scale.from_logits(logits, activation)

    def of_views(self, scale: Scale, summands: Inputs, activation: Activation) -> np.ndarray:
        """On the scale."""
        return scale.mean(summands)

    def over_folds(self, scale: Scale, of_folds: Inputs) -> np.ndarray:
        return scale.mean(of_folds)


class OfLogits(Average):
    """A geometric mean of distributions, or of odds."""

    def summand(self, scale: Scale, logits: np.ndarray, activation: Activation) -> np.ndarray:
        return logits

    def of_views(self, scale: Scale, summands: Inputs, activation: Activation) -> np.ndarray:
        return scale.from_logits(scale.mean_of_logits(summands), activation)

    def over_folds(self, scale: Scale, of_folds: Inputs) -> np.ndarray:
        return scale.normalised(scale.mean_of_logits(of_folds))


class OfRanks(Average):
    of_ranks = True


AVERAGES: Mapping[str, Average] = {"probabilities": Average(), "logits": OfLogits(), "ranks": OfRanks()}


@dataclass(frozen=True)
class Reading:
    """How logits are read, which lie in files as a row of them per view."""

    average: Average
    scale: Scale
    views: tuple[int, ...] | None
    """The positions of views to be read each by itself, in this order; None for the mean of all."""

    @property
    def arrays_per_member(self) -> int:
        return 1 if self.views is None else len(self.views)

    def read(self, logits: Float[np.ndarray, "rows views outputs"], activation: Activation) -> Inputs:
        """Of one member: its scores, or what is averaged of each view."""
        views = self.views or range(logits.shape[1])
        summands = tuple(self.average.summand(self.scale, array_at(logits, position), activation) for position in views)
        return summands if self.views else (self.average.of_views(self.scale, summands, activation),)
