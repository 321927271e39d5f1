"""Numbers: the positive class's probability, 0 or 1 in its place, or a value per column, within its range."""

from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64

from foldline.metrics.decisions.positives import best_threshold, f_beta_worth
from foldline.metrics.scores.checks import require_finite, require_probabilities
from foldline.params.section import Section

Predictions = Float32[np.ndarray, "rows outputs"]
Values = Float32[np.ndarray, " rows"]


class PositiveProbability(Section):
    kind: Literal["positive_probability"]

    def __call__(self, predictions: Predictions) -> Values:
        require_probabilities(predictions)
        return np.array(predictions[:, 1])


class HardPositive(Section):
    """1 where the positive class's probability reaches the threshold, 0 elsewhere."""

    kind: Literal["hard_positive"]
    threshold: float

    def __call__(self, predictions: Predictions) -> Values:
        require_probabilities(predictions)
        return (predictions[:, 1] >= self.threshold).astype(np.float32)


class WithinRange(Section):
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


def fit_range(rule: WithinRange, targets: Float32[np.ndarray, "rows columns"]) -> WithinRange:
    """Nothing beyond what train rows hold in each column, nor beyond the bounds there were."""
    lowest, highest = [], []
    for column, low, high in zip(targets.T, rule.lowest, rule.highest, strict=True):
        known = column[~np.isnan(column)].tolist()
        lowest.append(max([bound for bound in (low, min(known, default=None)) if bound is not None], default=None))
        highest.append(min([bound for bound in (high, max(known, default=None)) if bound is not None], default=None))
    return WithinRange(kind="within_range", lowest=tuple(lowest), highest=tuple(highest))


def fit_positive(
    rule: PositiveProbability, predictions: Predictions, targets: Int64[np.ndarray, " rows"], beta: float
) -> PositiveProbability | HardPositive:
    """The threshold with the highest F-beta: for the probabilistic one, 0.4 and 0.6 are never as good as 0 and 1.

    Without a positive row there is nothing to fit.
    """
    threshold = best_threshold(predictions[:, 1], targets, f_beta_worth(beta))
    return rule if threshold is None else HardPositive(kind="hard_positive", threshold=threshold)
