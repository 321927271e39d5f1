"""Logits become predictions by way of scores, in float64 and in log space: near 0 and near 1 nothing is lost.

A score is log p of a class among those of a distribution, log(p / (1 - p)) of a probability by itself, and a number
itself. Scores come from logits, never from probabilities: a sigmoid of 17.33 is 1.0 in float32, and has no logit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy
from jaxtyping import Float, Float32, Float64

from foldline.card.activations import (
    Activation,
    ColumnDistributions,
    ColumnSoftmax,
    Form,
    PlainActivation,
    holds_probabilities,
)
from foldline.ensembling.log_losses import of_truth, truth_of_scores
from foldline.ensembling.top_classes import log_of, mean_of_logs, mean_of_top, probabilities_of
from foldline.files.class_names import column_slices
from foldline.files.compact import CompactArray, is_compact

Inputs = tuple[np.ndarray, ...]
"""Of the same rows, each (rows, outputs), dense or compact: one per member, view or run."""
Values = Float[np.ndarray, "*axes outputs"]
Weights = Float64[np.ndarray, " arrays"]
NEVER = -1e6
"""Stands for log 0, which thresholds that cross give the level between them: no logit is as low."""


@dataclass(frozen=True)
class Scale:
    """On what scale arrays of rows are: here numbers, or probabilities without their logarithms."""

    form: Form
    """Of the predictions."""
    is_compact: bool = False
    """Whether of very many classes the highest alone are stored: means are all that can be computed."""
    has_scores: ClassVar[bool] = False

    def from_logits(self, logits: np.ndarray, activation: Activation) -> np.ndarray:
        return logits

    def from_ranks(self, ranks: Float[np.ndarray, "*axes outputs"]) -> np.ndarray:
        """Of fractions that lie between 0 and 1 and touch neither."""
        return ranks.astype(np.float32)

    def mean(self, inputs: Inputs, weights: Weights | None = None) -> np.ndarray:
        """That of the predictions that they stand for; weights, together 1: all equal where None."""
        if weights is None and len(inputs) == 1:
            return inputs[0]
        return mean_of_top(inputs, weights) if self.is_compact else _weighted_mean(inputs, weights).astype(np.float32)

    def mean_of_logits(self, inputs: Inputs) -> np.ndarray:
        """Of what models gave, before `from_logits`. Of scores, up to `normalised`, a geometric mean of distributions
        or of odds."""
        return self.mean(inputs)

    def normalised(self, scores: np.ndarray) -> np.ndarray:
        """Of scores that are right up to what all classes of a distribution share."""
        return scores

    def predictions(self, values: np.ndarray) -> Float32[np.ndarray, "rows outputs"]:
        return values

    def of_truth(self, values: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, "rows asked"]:
        """The probabilities given to what came true (log_losses.py)."""
        return of_truth(self.predictions(values), targets)


def scale_of(form: Form, classes: int) -> Scale:
    """The one on which the stage `ensemble` computes."""
    if not holds_probabilities(form):
        return Scale(form)
    return OfTopClasses(form, is_compact=True) if is_compact(classes, form == "distribution") else OfScores(form)


def stored_scale(form: Form, classes: int) -> Scale:
    """That of final predictions."""
    return Scale(form, is_compact(classes, form == "distribution"))


@dataclass(frozen=True)
class OfScores(Scale):
    """Scores of probabilities."""

    has_scores = True

    def from_logits(self, logits: np.ndarray, activation: Activation) -> Float64[np.ndarray, "rows outputs"]:
        return scores_from(logits, activation)

    def from_ranks(self, ranks: Float[np.ndarray, "*axes outputs"]) -> Float64[np.ndarray, "*axes outputs"]:
        wide = ranks.astype(np.float64)
        return np.log(wide) - np.log1p(-wide) if self.form == "independent" else np.log(wide)

    def mean(self, inputs: Inputs, weights: Weights | None = None) -> Float64[np.ndarray, "rows outputs"]:
        if weights is None and len(inputs) == 1:
            return inputs[0]
        inputs = tuple(one.astype(np.float64, copy=False) for one in inputs)  # stored scores are float32
        if self.form != "independent":
            return _log_of_mean(inputs, weights)
        present, absent = ([log_sigmoid(sign * one) for one in inputs] for sign in (1, -1))
        return _log_of_mean(present, weights) - _log_of_mean(absent, weights)

    def mean_of_logits(self, inputs: Inputs) -> Float64[np.ndarray, "rows outputs"]:
        return _weighted_mean(inputs, None)

    def normalised(self, scores: Float64[np.ndarray, "*axes outputs"]) -> Float64[np.ndarray, "*axes outputs"]:
        if self.form == "independent":
            return scores
        return column_by_column(_log_softmax, scores, distributions_of(self.form, scores.shape[-1]))

    def predictions(self, values: np.ndarray) -> Float32[np.ndarray, "rows outputs"]:
        return (scipy.special.expit(values) if self.form == "independent" else np.exp(values)).astype(np.float32)

    def of_truth(self, values: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, "rows asked"]:
        return np.exp(truth_of_scores(values, targets, self.form))


@dataclass(frozen=True)
class OfTopClasses(Scale):
    """A softmax over very many classes, as logarithms of the highest of them."""

    def from_logits(self, logits: np.ndarray, activation: Activation) -> CompactArray:
        return log_of(probabilities_of(logits))

    def mean(self, inputs: Inputs, weights: Weights | None = None) -> np.ndarray:
        if weights is None and len(inputs) == 1:
            return inputs[0]
        return log_of(mean_of_top([probabilities_of(one) for one in inputs], weights))

    def mean_of_logits(self, inputs: Inputs) -> CompactArray:
        return log_of(mean_of_logs(inputs))

    def predictions(self, values: np.ndarray) -> CompactArray:
        return probabilities_of(values)


def scores_from(logits: Values, activation: Activation) -> Float64[np.ndarray, "*axes predicted"]:
    """Of `cumulative_link` logits, of which the l-th says whether the row lies above level l, one more than these."""
    wide = logits.astype(np.float64)
    if isinstance(activation, ColumnSoftmax):
        return column_by_column(_log_softmax, wide, activation.sizes)
    return SCORES[activation](wide)


def distributions_of(form: Form, outputs: int) -> tuple[int, ...]:
    """How many classes each of a row's distributions has."""
    return form.sizes if isinstance(form, ColumnDistributions) else (outputs,)


def column_by_column(operation: Callable[[np.ndarray], np.ndarray], values: Values, sizes: Sequence[int]) -> Values:
    """What the operation makes of each distribution's outputs by themselves; sizes: how many each has."""
    if len(sizes) == 1:
        return operation(values)
    return np.concatenate([operation(values[..., mine]) for mine in column_slices(sizes)], axis=-1)


def log_sigmoid(logits: Values) -> Values:
    return -np.logaddexp(0, -logits)


def _weighted_mean(inputs: Inputs, weights: Weights | None) -> Float64[np.ndarray, "rows outputs"]:
    total = np.zeros(inputs[0].shape)
    for one, weight in zip(inputs, np.ones(len(inputs)) if weights is None else weights, strict=True):
        if weight:
            total += weight * one
    return total / len(inputs) if weights is None else total


def _log_of_mean(logs: Sequence[np.ndarray], weights: Weights | None) -> Float64[np.ndarray, "rows outputs"]:
    fractions = np.full(len(logs), 1 / len(logs)) if weights is None else weights
    shifted = [one + np.log(part) for one, part in zip(logs, fractions.tolist(), strict=True) if part > 0]
    highest = np.maximum.reduce(shifted)
    total = np.zeros(highest.shape)
    for one in shifted:
        total += np.exp(one - highest)
    return highest + np.log(total)


def _log_softmax(logits: Values) -> Values:
    return scipy.special.log_softmax(logits, axis=-1)


def _normalised_sigmoid(logits: Values) -> Values:
    """sigmoid(logits) / their sum."""
    return _log_softmax(log_sigmoid(logits))


def _cumulative_link(logits: Float[np.ndarray, "*axes thresholds"]) -> Float[np.ndarray, "*axes levels"]:
    """P(level l) = P(above l - 1) - P(above l) = s(a) s(-b) (1 - e^(b - a)), with a >= b the logits of the two and s
    the sigmoid. A model's thresholds may cross: the higher gives way to the lower."""
    falling = np.minimum.accumulate(logits, axis=-1)
    above, below = log_sigmoid(falling), log_sigmoid(-falling)
    with np.errstate(divide="ignore"):
        apart = np.log(-np.expm1(np.diff(falling, axis=-1)))
    between = np.maximum(above[..., :-1] + below[..., 1:] + apart, NEVER)
    return np.concatenate([below[..., :1], between, above[..., -1:]], axis=-1)


def _as_it_is(logits: Values) -> Values:
    return logits


SCORES: Mapping[PlainActivation, Callable[[np.ndarray], np.ndarray]] = {
    "softmax": _log_softmax,
    "sigmoid": _as_it_is,
    "normalised_sigmoid": _normalised_sigmoid,
    "cumulative_link": _cumulative_link,
    "identity": _as_it_is,
    "level": _as_it_is,
}
