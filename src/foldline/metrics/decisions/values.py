"""Numbers: the positive class's probability, 0 or 1 in its place, or a value per column, within its range."""

from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64, Int64

from foldline.metrics.checks import require_finite, require_probabilities
from foldline.metrics.metric_and_rule import MetricKind, RuleKind
from foldline.metrics.truths_and_answers import Predictions

Values = Float32[np.ndarray, "rows columns"]
Positives = Float32[np.ndarray, " rows"]


class PositiveProbability(RuleKind):
    kind: Literal["positive_probability"]

    def __call__(self, predictions: Predictions) -> Positives:
        require_probabilities(predictions)
        return np.array(predictions[:, 1])

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: Int64[np.ndarray, " rows"]) -> RuleKind:
        threshold = metric.fit_positive(predictions[:, 1], targets)
        return self if threshold is None else HardPositive(kind="hard_positive", threshold=threshold)


class HardPositive(RuleKind):
    """1 where the positive class's probability reaches the threshold, 0 elsewhere."""

    kind: Literal["hard_positive"]
    threshold: float

    def __call__(self, predictions: Predictions) -> Positives:
        require_probabilities(predictions)
        # A float32 would be compared with the threshold as float32, which of two neighbours may take both.
        return (predictions[:, 1].astype(np.float64) >= self.threshold).astype(np.float32)


class WithinRange(RuleKind):
    """The value itself, at the nearer bound where it lies outside; null means no bound."""

    kind: Literal["within_range"]
    lowest: tuple[float | None, ...]
    """Per column."""
    highest: tuple[float | None, ...]

    def __call__(self, predictions: Predictions) -> Predictions:
        require_finite(predictions)
        return predictions.clip(_numbers(self.lowest, -np.inf), _numbers(self.highest, np.inf)).astype(np.float32)

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: Values) -> "WithinRange":
        """Nothing beyond what train rows hold in each column, nor beyond the bounds there were."""
        # A comparison of these functions leaves out NaN: a row without a number, a column without any.
        lowest = np.fmax(_numbers(self.lowest, -np.inf), np.fmin.reduce(targets, axis=0, initial=np.nan))
        highest = np.fmin(_numbers(self.highest, np.inf), np.fmax.reduce(targets, axis=0, initial=np.nan))
        return WithinRange(kind="within_range", lowest=_bounds(lowest), highest=_bounds(highest))


def _numbers(bounds: tuple[float | None, ...], without: float) -> Float64[np.ndarray, " columns"]:
    return np.array([without if bound is None else bound for bound in bounds])


def _bounds(numbers: Float64[np.ndarray, " columns"]) -> tuple[float | None, ...]:
    return tuple(None if np.isinf(number) else number for number in numbers.tolist())
