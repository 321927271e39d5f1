"""What rows of predictions are (their form), and the scores that they are computed from.

Logits become predictions by way of scores, in float64 and in log space: near 0 and near 1 nothing is lost. A score is
log p of a class among those of a distribution, log(p / (1 - p)) of a probability by itself, and a number itself. Scores
come from logits, never from probabilities: a sigmoid of 17.33 is 1.0 in float32, and has no logit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import scipy
from jaxtyping import Float, Float32, Float64
from pydantic import TypeAdapter

from foldline.card.activations import Activation, column_by_column, column_slices, log_sigmoid, log_softmax
from foldline.ensembling.log_losses import are_positions, at_positions, of_truth, row_losses
from foldline.ensembling.top_classes import log_of, mean_of_logs, mean_of_top, probabilities_of
from foldline.files.compact import CompactArray, is_compact
from foldline.metrics.decisions.likeliest import likeliest, most_probable
from foldline.metrics.decisions.weighted_classes import likeliest_of_each
from foldline.metrics.kinds.of_probabilities import SMALLEST
from foldline.params.kinds import union_of
from foldline.params.section import Word

Inputs = tuple[np.ndarray, ...]
"""Of the same rows, each (rows, outputs), dense or compact: one per member, view or run."""
Weights = Float64[np.ndarray, " arrays"]
Scores = Float64[np.ndarray, "*axes outputs"]
TruthAt = Callable[[float], Float64[np.ndarray, "rows asked"]]
Claims = tuple[Float32[np.ndarray, " claims"], Float64[np.ndarray, " claims"]]
"""The probabilities of claims, and whether each came true: 0 or 1, or a share."""


@dataclass(frozen=True)
class Scale:
    """On what scale arrays of rows are: here numbers, or probabilities without their logarithms."""

    form: "Form"
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

    def log_of_truth(self, values: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, "rows asked"]:
        return np.log(self.of_truth(values, targets))

    def log_of_truth_by_temperature(self, scores: np.ndarray, targets: np.ndarray) -> TruthAt:
        """Of scores: `log_of_truth` of these when they are divided by a temperature, for many temperatures."""
        return lambda temperature: self.log_of_truth(self.normalised(scores / temperature), targets)

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
            return super().log_of_truth_by_temperature(scores, targets)
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


class FormKind(Word):
    """What a row's numbers are."""

    kind: Any
    scale: ClassVar[type[Scale]] = Scale
    """Of its scores."""
    has_probabilities: ClassVar[bool] = True
    adds_up: ClassVar[bool] = False
    """Whether they are distributions, each of which sums to one."""
    is_one_distribution: ClassVar[bool] = False
    loss_name: ClassVar[str] = "log loss"
    """Of `row_losses`."""

    def width(self, classes: int) -> int:
        """How many numbers a row has. Raises ValueError where there cannot be so many classes."""
        return classes

    def distributions(self, outputs: int) -> tuple[int, ...]:
        """How many classes each of a row's distributions has."""
        return (outputs,)

    def named(self, predictions: np.ndarray) -> np.ndarray | None:
        """Which classes the rows name; None where they are numbers."""
        return None

    def row_losses(self, predictions: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
        """What each row costs, whatever the metric. targets: in the form of files/rows.py, each a class of the
        predictions."""
        return row_losses(predictions, targets)

    def unsureness(self, predictions: np.ndarray) -> Float64[np.ndarray, " rows"] | None:
        """From 0 to 1, how near each row is to be answered otherwise; None where they are numbers."""
        return None

    def shown(self, predictions: np.ndarray, names: Sequence[str]) -> list[str]:
        """A few words per row, for a person to read. names: of the classes."""
        return [_listed(row, names if len(row) > 1 else [""], np.arange(len(row))) for row in predictions]

    def claims(self, predictions: np.ndarray, targets: np.ndarray) -> Claims:
        """Of forms that have probabilities. targets: in the form of files/rows.py; a label that is missing claims
        nothing."""
        raise NotImplementedError

    def claimed(self, classes: Sequence[str]) -> str:
        """What `claims` say, in words."""
        return "that a column's label is the likeliest"


class Distribution(FormKind):
    """A distribution over the classes."""

    kind: Literal["distribution"]
    scale: ClassVar[type[Scale]] = OfLogProbabilities
    adds_up: ClassVar[bool] = True
    is_one_distribution: ClassVar[bool] = True

    def named(self, predictions: np.ndarray) -> np.ndarray:
        return most_probable(predictions)

    def unsureness(self, predictions: np.ndarray) -> Float64[np.ndarray, " rows"]:
        highest = likeliest(predictions, 2)[1].astype(np.float64)
        return 1 - (highest[:, 0] - highest[:, 1])

    def shown(self, predictions: np.ndarray, names: Sequence[str]) -> list[str]:
        first, highest = likeliest(predictions, 1)
        return [f"{names[label]} {value:.2f}" for (label,), (value,) in zip(first, highest, strict=True)]

    def claims(self, predictions: np.ndarray, targets: np.ndarray) -> Claims:
        """One per row: that it is of the likeliest class; of two classes, of the second. Where targets are
        distributions, it comes true by the class's share."""
        named, said = (one[:, 0] for one in likeliest(predictions, 1))
        if predictions.shape[1] == 2:
            named, said = np.ones(len(predictions), np.int64), predictions[:, 1]
        came_true = named == targets if are_positions(targets) else targets[np.arange(len(targets)), named]
        return said, came_true.astype(np.float64)

    def claimed(self, classes: Sequence[str]) -> str:
        return f"that a row is {classes[1]}" if len(classes) == 2 else "that a row is of its likeliest class"


class Independent(FormKind):
    """A probability for each class by itself."""

    kind: Literal["independent"]
    scale: ClassVar[type[Scale]] = OfOdds

    def named(self, predictions: np.ndarray) -> np.ndarray:
        return predictions >= 0.5

    def unsureness(self, predictions: np.ndarray) -> Float64[np.ndarray, " rows"]:
        """Of the label that it is highest for."""
        return 1 - np.abs(2 * predictions.astype(np.float64) - 1).min(axis=1)

    def shown(self, predictions: np.ndarray, names: Sequence[str]) -> list[str]:
        return [_listed(row, names, np.flatnonzero(row >= 0.5)) or "nothing" for row in predictions]

    def claims(self, predictions: np.ndarray, targets: np.ndarray) -> Claims:
        """One per row and class: that the row is of it."""
        return predictions.ravel(), targets.ravel().astype(np.float64)

    def claimed(self, classes: Sequence[str]) -> str:
        return "that a row has a label, whichever"


class Numbers(FormKind):
    """A number for each class."""

    kind: Literal["value"]
    has_probabilities: ClassVar[bool] = False
    loss_name: ClassVar[str] = "absolute error"

    def row_losses(self, predictions: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
        """The mean over a row's known numbers, NaN where none is. Of several columns each is in units of its standard
        deviation: so all count alike."""
        wide = targets.astype(np.float64)
        known = ~np.isnan(wide)
        counts = known.sum(axis=1)
        units = np.nanstd(np.where(known.any(axis=0), wide, 0), axis=0) if wide.shape[1] > 1 else np.ones(1)
        errors = np.where(known, np.abs(predictions - wide), 0) / np.where(units > 0, units, 1)
        return np.divide(errors.sum(axis=1), counts, out=np.full(len(wide), np.nan), where=counts > 0)


class LevelNumber(FormKind):
    """One number per row, a place on the scale of the classes."""

    kind: Literal["level"]
    has_probabilities: ClassVar[bool] = False
    loss_name: ClassVar[str] = "distance in levels"

    def row_losses(self, predictions: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
        return np.abs(predictions[:, 0].astype(np.float64) - targets)

    def width(self, classes: int) -> int:
        return 1


class ColumnDistributions(FormKind):
    """A distribution over the classes of each of several columns, which follow each other."""

    kind: Literal["column_distributions"]
    sizes: tuple[int, ...]
    """How many classes each column has."""
    scale: ClassVar[type[Scale]] = OfLogProbabilities
    adds_up: ClassVar[bool] = True

    def width(self, classes: int) -> int:
        if sum(self.sizes) != classes:
            raise ValueError(f"columns have {sum(self.sizes)} classes together, but there are {classes} classes")
        return classes

    def distributions(self, outputs: int) -> tuple[int, ...]:
        return self.sizes

    def named(self, predictions: np.ndarray) -> np.ndarray:
        return likeliest_of_each(self.sizes)(predictions)

    def unsureness(self, predictions: np.ndarray) -> Float64[np.ndarray, " rows"]:
        """Of the column that it is highest for."""
        of_columns = [np.sort(predictions[:, mine].astype(np.float64), axis=1) for mine in column_slices(self.sizes)]
        return 1 - np.min([one[:, -1] - (one[:, -2] if one.shape[1] > 1 else 0) for one in of_columns], axis=0)

    def shown(self, predictions: np.ndarray, names: Sequence[str]) -> list[str]:
        return [_listed(row, names, labels) for row, labels in zip(predictions, self.named(predictions), strict=True)]

    def claims(self, predictions: np.ndarray, targets: np.ndarray) -> Claims:
        """One per row and column: that its label is the likeliest."""
        named, known = self.named(predictions), targets >= 0
        said = np.take_along_axis(predictions, named, axis=1)
        return said[known], (named == targets)[known].astype(np.float64)


Form = Annotated[FormKind, union_of("foldline.ensembling.scales", FormKind)]
"""In files a word, or `{"kind": "column_distributions", "sizes": [3, 3]}`."""


def form_of(activation: Activation) -> Form:
    return TypeAdapter(Form).validate_python({**dict(activation), "kind": activation.form})


def scale_of(form: Form, classes: int) -> Scale:
    """The one on which the stage `ensemble` computes."""
    return OfTopClasses(form, True) if is_compact(classes, form.is_one_distribution) else form.scale(form)


def stored_scale(form: Form, classes: int) -> Scale:
    """That of final predictions."""
    return Scale(form, is_compact(classes, form.is_one_distribution))


def within_logarithms(of_truth: Float64[np.ndarray, "rows asked"]) -> Float64[np.ndarray, "rows asked"]:
    """Of probabilities as the metrics clip them."""
    return of_truth.clip(np.log(SMALLEST), np.log1p(-SMALLEST))


def _listed(row: np.ndarray, names: Sequence[str], positions: np.ndarray) -> str:
    return ", ".join(f"{names[at]} {row[at]:.3g}".strip() for at in positions)


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
