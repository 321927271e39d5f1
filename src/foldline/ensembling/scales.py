"""The scores that predictions are computed from, and what is computed of them.

Logits become predictions by way of scores, in float64 and in log space: near 0 and near 1 nothing is lost. A score is
log p of a class among those of a distribution, log(p / (1 - p)) of a probability by itself, and a number itself. Scores
come from logits, never from probabilities: a sigmoid of 17.33 is 1.0 in float32, and has no logit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy
from jaxtyping import Float, Float32, Float64

from foldline.card.activations import Activation, column_by_column, log_sigmoid, log_softmax
from foldline.ensembling.form_kind import FormKind
from foldline.ensembling.log_losses import are_positions, at_positions, of_truth
from foldline.ensembling.top_classes import log_of, mean_of_logs, mean_of_top, probabilities_of
from foldline.files.compact import CompactArray, is_compact
from foldline.metrics.kinds.of_probabilities import SMALLEST

Inputs = tuple[np.ndarray, ...]
"""Of the same rows, each (rows, outputs), dense or compact: one per member, view or run."""
Weights = Float64[np.ndarray, " arrays"]
Scores = Float64[np.ndarray, "*axes outputs"]
TruthAt = Callable[[float], Float64[np.ndarray, "rows asked"]]


@dataclass(frozen=True)
class Scale:
    """On what scale arrays of rows are: here numbers, or probabilities without their logarithms."""

    form: FormKind
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
        return inputs[0] if weights is None and len(inputs) == 1 else self._mean(inputs, weights)

    def _mean(self, inputs: Inputs, weights: Weights | None) -> np.ndarray:
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
        """The probabilities given to what came true."""
        return of_truth(self.predictions(values), targets)

    def log_of_truth_by_temperature(self, scores: np.ndarray, targets: np.ndarray) -> TruthAt:
        """Of scores: the logarithm of `of_truth` of these when they are divided by a temperature, for many
        temperatures."""
        raise NotImplementedError

    def loss_and_slope(self, scores: np.ndarray, truth: Float[np.ndarray, "rows outputs"]) -> tuple[float, Scores]:
        """Of scores: the summed log loss, and how it grows with each score. truth: what each output should have said;
        a column without a label counts in neither."""
        raise NotImplementedError


@dataclass(frozen=True)
class OfTopClasses(Scale):
    """A softmax over very many classes, as logarithms of the highest of them."""

    def from_logits(self, logits: np.ndarray, activation: Activation) -> CompactArray:
        return log_of(probabilities_of(logits))

    def _mean(self, inputs: Inputs, weights: Weights | None) -> np.ndarray:
        return log_of(mean_of_top([probabilities_of(one) for one in inputs], weights))

    def mean_of_logits(self, inputs: Inputs) -> CompactArray:
        return log_of(mean_of_logs(inputs))

    def predictions(self, values: np.ndarray) -> CompactArray:
        return probabilities_of(values)


@dataclass(frozen=True)
class OfLogProbabilities(Scale):
    """Scores of distributions."""

    has_scores = True

    def from_logits(self, logits: np.ndarray, activation: Activation) -> Scores:
        return activation.scores(logits)

    def from_ranks(self, ranks: Float[np.ndarray, "*axes outputs"]) -> Scores:
        return np.log(ranks.astype(np.float64))

    def _mean(self, inputs: Inputs, weights: Weights | None) -> Scores:
        return _log_of_mean([_wide(one) for one in inputs], weights)

    def mean_of_logits(self, inputs: Inputs) -> Scores:
        return _weighted_mean(inputs, None)

    def normalised(self, scores: Scores) -> Scores:
        return column_by_column(log_softmax, scores, self.form.distributions(scores.shape[-1]))

    def predictions(self, values: np.ndarray) -> Float32[np.ndarray, "rows outputs"]:
        return np.exp(values).astype(np.float32)

    def of_truth(self, values: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, "rows asked"]:
        return np.exp(self.log_of_truth(values, targets))

    def log_of_truth(self, values: Scores, targets: np.ndarray) -> Float64[np.ndarray, "rows asked"]:
        return within_logarithms(self._log_of_truth(values, targets))

    def log_of_truth_by_temperature(self, scores: Scores, targets: np.ndarray) -> TruthAt:
        """Of each distribution, only what came true and the sum of all classes are computed at a temperature."""
        if not (self.form.adds_up and are_positions(targets)):
            return lambda temperature: self.log_of_truth(self.normalised(scores / temperature), targets)
        sizes = self.form.distributions(scores.shape[1])
        starts = np.cumsum((0, *sizes[:-1]))
        below_highest = column_by_column(lambda mine: mine - mine.max(axis=1, keepdims=True), scores, sizes)
        truth, scaled = at_positions(below_highest, targets), np.empty_like(below_highest)

        def at(temperature: float) -> Float64[np.ndarray, "rows asked"]:
            np.exp(np.divide(below_highest, temperature, out=scaled), out=scaled)
            sums = np.add.reduceat(scaled, starts, axis=1)
            return within_logarithms(truth / temperature - np.log(sums))

        return at

    def _log_of_truth(self, scores: Scores, targets: np.ndarray) -> np.ndarray:
        return at_positions(scores, targets) if are_positions(targets) else scores

    def loss_and_slope(self, scores: Scores, truth: Float[np.ndarray, "rows outputs"]) -> tuple[float, Scores]:
        sizes = self.form.distributions(scores.shape[1])
        known = column_by_column(lambda mine: np.broadcast_to(mine.sum(axis=1)[:, None], mine.shape), truth, sizes)
        return -float((truth * scores).sum()), np.exp(scores) * known - truth


@dataclass(frozen=True)
class OfOdds(OfLogProbabilities):
    """Scores of probabilities each by itself."""

    def from_ranks(self, ranks: Float[np.ndarray, "*axes outputs"]) -> Scores:
        wide = ranks.astype(np.float64)
        return np.log(wide) - np.log1p(-wide)

    def _mean(self, inputs: Inputs, weights: Weights | None) -> Scores:
        present, absent = ([log_sigmoid(sign * _wide(one)) for one in inputs] for sign in (1, -1))
        return _log_of_mean(present, weights) - _log_of_mean(absent, weights)

    def normalised(self, scores: Scores) -> Scores:
        return scores

    def predictions(self, values: np.ndarray) -> Float32[np.ndarray, "rows outputs"]:
        return scipy.special.expit(values).astype(np.float32)

    def _log_of_truth(self, scores: Scores, targets: np.ndarray) -> np.ndarray:
        return -np.logaddexp(0, np.where(targets == 1, -scores, scores))

    def loss_and_slope(self, scores: Scores, truth: Float[np.ndarray, "rows outputs"]) -> tuple[float, Scores]:
        losses = np.logaddexp(0, scores)
        return float((losses - truth * scores).sum()), np.exp(scores - losses) - truth


def scale_of(form: FormKind, classes: int) -> Scale:
    """The one on which the stage `ensemble` computes."""
    return OfTopClasses(form, True) if is_compact(classes, form.is_one_distribution) else form.scale(form)


def stored_scale(form: FormKind, classes: int) -> Scale:
    """That of final predictions."""
    return Scale(form, is_compact(classes, form.is_one_distribution))


def within_logarithms(of_truth: Float64[np.ndarray, "rows asked"]) -> Float64[np.ndarray, "rows asked"]:
    """Of probabilities as the metrics clip them."""
    return of_truth.clip(np.log(SMALLEST), np.log1p(-SMALLEST))


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


def _wide(stored: np.ndarray) -> Scores:
    """Stored scores are float32."""
    return stored.astype(np.float64, copy=False)
