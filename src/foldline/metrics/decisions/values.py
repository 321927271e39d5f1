"""Numbers: the positive class's probability, 0 or 1 in its place, or a value per column, within its range."""

from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64

from foldline.metrics.metric_and_rule import MetricKind, RuleKind, require_finite, require_probabilities

Predictions = Float32[np.ndarray, "rows outputs"]
Values = Float32[np.ndarray, " rows"]


class PositiveProbability(RuleKind):
    kind: Literal["positive_probability"]

    def __call__(self, predictions: Predictions) -> Values:
        require_probabilities(predictions)
        return np.array(predictions[:, 1])

    def fitted(
        self, metric: MetricKind, predictions: Predictions, targets: Int64[np.ndarray, " rows"], classes: int
    ) -> RuleKind:
        threshold = metric.fit_positive(predictions[:, 1], targets)
        return self if threshold is None else HardPositive(kind="hard_positive", threshold=threshold)


class HardPositive(RuleKind):
    """1 where the positive class's probability reaches the threshold, 0 elsewhere."""

    kind: Literal["hard_positive"]
    threshold: float

    def __call__(self, predictions: Predictions) -> Values:
        require_probabilities(predictions)
        return (predictions[:, 1] >= self.threshold).astype(np.float32)


class WithinRange(RuleKind):
    """The value itself, at the nearer bound where it lies outside; a bound of null is none."""

    kind: Literal["within_range"]
    lowest: tuple[float | None, ...]
    """Per column."""
    highest: tuple[float | None, ...]

    def __call__(self, predictions: Predictions) -> Predictions:
        require_finite(predictions)
        lowest = [-np.inf if bound is None else bound for bound in self.lowest]
        highest = [np.inf if bound is None else bound for bound in self.highest]
        return predictions.clip(lowest, highest).astype(np.float32)

    def fitted(
        self, metric: MetricKind, predictions: Predictions, targets: Float32[np.ndarray, "rows columns"], classes: int
    ) -> "WithinRange":
        """Nothing beyond what train rows hold in each column, nor beyond the bounds there were."""
        lowest, highest = [], []
        for column, low, high in zip(targets.T, self.lowest, self.highest, strict=True):
            known = column[~np.isnan(column)].tolist()
            lower, upper = (low, min(known, default=None)), (high, max(known, default=None))
            lowest.append(max([bound for bound in lower if bound is not None], default=None))
            highest.append(min([bound for bound in upper if bound is not None], default=None))
        return WithinRange(kind="within_range", lowest=tuple(lowest), highest=tuple(highest))
