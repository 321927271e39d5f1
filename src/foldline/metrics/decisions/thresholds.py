"""From which score on to take rows of one class: exact, half-way between the two rows where it is best to cut."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, Float64

from foldline.metrics.metric_and_rule import ratio
from foldline.metrics.truths_and_answers import Counts, OfRows

BEYOND = 1e-6
"""So far a threshold lies outside of the scores that it is to take all or none of."""

Score = Callable[[Counts, Counts, int, int], OfRows]
"""Of hits among so many labelled rows, given all positives and all rows."""


def best_threshold(scores: Float32[np.ndarray, " rows"], targets: Counts, score: Score) -> float | None:
    """None without a positive row."""
    positives = int(targets.sum())
    if not positives:
        return None
    order, thresholds = candidates(scores)
    some, hits = thresholds[1:], np.cumsum(targets[order])
    return float(some[best_of(score(hits, np.arange(1, len(hits) + 1), positives, len(hits)), some)])


def candidates(scores: Float32[np.ndarray, " rows"]) -> tuple[Counts, Float64[np.ndarray, " taken"]]:
    """The rows from the likeliest on, and the threshold that takes just 0, 1, 2, ... of them, half-way to the next.

    The threshold is NaN where none does, between equal scores. The one that takes all lies below the lowest score, also
    where that is 0, as the one that takes none lies above the highest.
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order].astype(np.float64)
    between = np.where(np.diff(falling) < 0, (falling[:-1] + falling[1:]) / 2, np.nan)
    return order, np.concatenate([[(falling[0] + 1) / 2 + BEYOND], between, [falling[-1] / 2 - BEYOND]])


def best_of(scores: Float64[np.ndarray, " taken"], thresholds: Float64[np.ndarray, " taken"]) -> int:
    """How many rows it is best to take, of those that a threshold can take."""
    return int(np.argmax(np.where(np.isnan(thresholds), -np.inf, scores)))


def f_beta_score(beta: float) -> Score:
    return lambda hits, labelled, positives, rows: (1 + beta**2) * hits / (labelled + beta**2 * positives)


def matthews_score(hits: Counts, labelled: Counts, positives: int, rows: int) -> OfRows:
    variances = positives * (rows - positives) * labelled.astype(np.float64) * (rows - labelled)
    covariance = hits.astype(np.float64) * rows - labelled.astype(np.float64) * positives
    return ratio(covariance, np.sqrt(variances))


def kappa_score(hits: Counts, labelled: Counts, positives: int, rows: int) -> OfRows:
    correct = (rows - labelled - positives + 2 * hits) / rows
    by_chance = (positives * labelled + (rows - positives) * (rows - labelled)) / rows**2
    return ratio(correct - by_chance, 1 - by_chance)
