"""One number per row: the positive class's probability, 0 or 1 in its place, or a value within its range."""

from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64

from foldline.competition.scores.checks import require_finite, require_probabilities
from foldline.config.section import Section

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
    lowest: float | None
    highest: float | None

    def __call__(self, predictions: Predictions) -> Values:
        values = np.array(predictions[:, 0])
        require_finite(values)
        if self.lowest is not None:
            values = values.clip(min=self.lowest)
        return values if self.highest is None else values.clip(max=self.highest)


def fit_range(rule: WithinRange, targets: Float32[np.ndarray, " rows"]) -> WithinRange:
    """Nothing beyond what train rows hold, nor beyond the bounds there were."""
    lowest, highest = float(targets.min()), float(targets.max())
    return WithinRange(
        kind="within_range",
        lowest=lowest if rule.lowest is None else max(rule.lowest, lowest),
        highest=highest if rule.highest is None else min(rule.highest, highest),
    )


def fit_positive(
    rule: PositiveProbability, predictions: Predictions, targets: Int64[np.ndarray, " rows"], beta: float
) -> PositiveProbability | HardPositive:
    """The threshold with the highest F-beta: for the probabilistic one, 0.4 and 0.6 are never as good as 0 and 1.

    Without a positive row there is nothing to fit.
    """
    if not targets.any():
        return rule
    scores = predictions[:, 1].astype(np.float64)
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], np.cumsum(targets[order])
    f_beta = (1 + beta**2) * hits / (np.arange(1, len(hits) + 1) + beta**2 * hits[-1])
    f_beta[np.append(falling[1:] == falling[:-1], False)] = -1
    best = int(np.argmax(f_beta))
    following = falling[best + 1] if best + 1 < len(falling) else 0.0
    return HardPositive(kind="hard_positive", threshold=float((falling[best] + following) / 2))
