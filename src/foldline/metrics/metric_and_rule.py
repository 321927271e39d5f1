"""What all metrics share, what all rules share, and how they meet: a rule asks the metric which setting serves it best.

A metric is one class in one file of metrics/kinds/, told by its `kind` in the card: its keys are its fields, its
docstring is its row in docs/metrics.md, and next to it stands all that there is to know of it. A rule makes answers of
predictions; it is one class in metrics/decisions/.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
from jaxtyping import Float, Float32, Float64, Shaped

from foldline.files.arrays import row_blocks
from foldline.files.compact import rows_at
from foldline.metrics.checks import checked_block, require_rows, require_weights
from foldline.metrics.truths_and_answers import PREDICTIONS, Answer, Predictions, Truth, Weights
from foldline.params.section import Section

Scored = TypeVar("Scored", float, Float64[np.ndarray, " rows"])


class RuleKind(Section):
    """From predictions to the answers that a submission holds."""

    kind: Any
    fits_rejection_alone: ClassVar[bool] = False
    """Whether nothing is fitted but at what level a new class stands."""

    def __call__(self, predictions: Predictions) -> np.ndarray:
        raise NotImplementedError

    def fitted(self, metric: "MetricKind", predictions: Predictions, targets: np.ndarray) -> "RuleKind":
        """With what these rows say is best for the metric, or as it is where nothing can be fitted.

        targets: of the same rows, as the target's `graded` gives them.
        """
        return self

    def note(self, targets: np.ndarray) -> str | None:
        """What a reader must know of a setting that no row says anything of, else None. targets: as for `fitted`."""
        return None


class MetricKind(Section):
    """The section `metric` of a card: how the competition scores."""

    kind: Any

    other_names: ClassVar[Mapping[str, str]] = {}
    """By which people look for it: patterns, whose named groups are keys; and how it differs from what they mean."""
    truths: ClassVar[tuple[Truth, ...]]
    """The targets that it scores."""
    answers: ClassVar[tuple[Answer, ...]]
    """What it scores, of which a form of submission holds one."""
    is_error: ClassVar[bool] = False
    """Whether lower is better."""
    is_log_loss: ClassVar[bool] = False
    """Whether it is a mean of log losses, weighted or not: clipping can help these alone, as nothing else makes a row
    cost more than any bound."""
    is_squared_error: ClassVar[bool] = False
    """Whether the members' weights that minimise the squared error are the best for it."""
    sees_order_alone: ClassVar[bool] = False
    """Whether nothing but the order of predictions counts, as for AUC."""
    counts_all_labels: ClassVar[bool] = False
    """Whether it depends on labels that nobody names."""
    fits_rejection: ClassVar[bool] = False
    """Whether a ranking's level of the new class is fitted to it."""

    @property
    def name(self) -> str:
        return self.kind

    @property
    def parameters(self) -> dict[str, Any]:
        """What else the card says of it: scores of one name with other weights are another metric's."""
        return self.model_dump(mode="json", exclude={"kind"}, exclude_none=True)

    @property
    def higher_is_better(self) -> bool:
        return not self.is_error

    @property
    def scored(self) -> tuple[Answer, ...]:
        """`answers`, but for a metric that leaves these to its card."""
        return self.answers

    @property
    def scores_predictions(self) -> bool:
        """Predictions as they are; else a rule's answers."""
        return not PREDICTIONS.isdisjoint(self.scored)

    @property
    def needs(self) -> Answer:
        """Which of these a rule makes, if any has to: numbers instead of probabilities are the form's own."""
        return "probabilities" if "probabilities" in self.scored else self.scored[0]

    @property
    def scores_probabilities(self) -> bool:
        """Whether they count by their size, so that calibration can help: answers come from a rule.

        Source of the term (proper scores): Gneiting and Raftery, Strictly Proper Scoring Rules, 2007.
        """
        return self.scores_predictions and not self.sees_order_alone

    @property
    def ranked(self) -> int | None:
        """How many of a row's labels it looks at, where it looks at a ranking's first ones."""
        return None

    @property
    def weighted_names(self) -> tuple[str, ...]:
        """Classes or columns that the card weighs by name."""
        return ()

    def of(self, classes: Sequence[str]) -> "MetricKind":
        """The same of outputs with these names, in their order, for what a card says of classes by name.

        Raises Refusal for the weight of a class that there is not.
        """
        return self

    def refuse_unscorable(self, targets: np.ndarray) -> None:
        """Raises Refusal where not even the truth could be scored, such as a number of 0 by a percentage.

        targets: of the train rows.
        """

    def dry_run(self, truths: Sequence[Truth]) -> None:
        """Try whatever of it is not ours, before any work. truths: of the target. Raises Refusal where it fails."""

    def score(self, targets: np.ndarray, predictions: np.ndarray, weights: Weights | None = None) -> float:
        """From targets, in the form of files/rows.py, and what it `needs`. NaN where it is not defined.

        weights: of the rows; None where all count 1. Rows of weight 0 do not count. Raises Refusal for anything else.
        """
        require_rows(targets)
        if weights is None:
            return self.value(targets, predictions, np.ones(len(targets)))
        require_weights(weights)
        counted = np.flatnonzero(weights)
        if len(counted) < len(weights):
            targets, predictions, weights = targets[counted], rows_at(predictions, counted), weights[counted]
        return self.value(targets, predictions, weights)

    def value(self, targets: np.ndarray, predictions: np.ndarray, weights: Weights) -> float:
        """`score` of rows that all weigh something."""
        raise NotImplementedError

    def averaged_scores(self, targets: np.ndarray, predictions: np.ndarray) -> Float64[np.ndarray, " rows"] | None:
        """What each row scores, where `score` without weights is the mean of that; else None."""
        return None

    def gain(self, before: Scored, after: Scored) -> Scored:
        """How much better `after` is, positive whichever the metric's direction."""
        return after - before if self.higher_is_better else before - after

    def fit_labels(self, predictions: Predictions, targets: np.ndarray) -> RuleKind | None:
        """The best rule for one label per row, as far as these rows tell; None where it is the likeliest class."""
        return None

    def fit_levels(self, predictions: Predictions, targets: np.ndarray, levels: int) -> RuleKind | None:
        """The best rule for one level per row; None where nothing is fitted."""
        return None

    def fit_sets(self, rule: Any, predictions: Predictions, targets: np.ndarray) -> Any:
        """`rule`, thresholds of labels, with the best of them."""
        return rule

    def fit_positive(self, scores: Float32[np.ndarray, " rows"], targets: np.ndarray) -> float | None:
        """The threshold from which a row's number is best 1, below it 0; None where it is best as it is."""
        return None


class MeanOfRows(MetricKind):
    """A metric that is the mean of what each row scores."""

    def row_scores(self, targets: np.ndarray, predictions: np.ndarray) -> Float64[np.ndarray, " rows"]:
        raise NotImplementedError

    def averaged_scores(self, targets: np.ndarray, predictions: np.ndarray) -> Float64[np.ndarray, " rows"] | None:
        return self.row_scores(targets, predictions)

    def value(self, targets: np.ndarray, predictions: np.ndarray, weights: Weights) -> float:
        return weighted_mean(self.row_scores(targets, predictions), weights)


def by_blocks(
    row_scores: Callable[[np.ndarray, np.ndarray], Float64[np.ndarray, " some"]],
    targets: np.ndarray,
    probabilities: Float[np.ndarray, "rows outputs"],
) -> Float64[np.ndarray, " rows"]:
    """The scores of all rows, of which little is in memory at a time."""
    scores = np.empty(len(targets))
    for block in row_blocks(probabilities.shape):
        scores[block] = row_scores(targets[block], checked_block(probabilities, block))
    return scores


def ratio(
    parts: Shaped[np.ndarray, "*axes"], wholes: Shaped[np.ndarray, "..."], of_nothing: float = 0.0
) -> Float64[np.ndarray, "*axes"]:
    """of_nothing: where the whole is 0."""
    return np.divide(parts, wholes, out=np.full(parts.shape, of_nothing), where=wholes != 0)


def weighted_mean(scores: Float64[np.ndarray, " n"], weights: Float64[np.ndarray, " n"]) -> float:
    """NaN where nothing weighs anything."""
    together = float(weights.sum())
    return float((scores * weights).sum()) / together if together else math.nan


def mean_of_defined(scores: Float64[np.ndarray, " columns"], weights: Float64[np.ndarray, " columns"]) -> float:
    """The weighted mean of the columns' scores without those that are NaN; NaN where nothing is left."""
    counted = np.where(np.isnan(scores), 0, weights)
    return float(np.average(np.nan_to_num(scores), weights=counted)) if counted.any() else math.nan
