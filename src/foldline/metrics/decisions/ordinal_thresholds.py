"""One level of several that have an order: ordinal thresholds on the expected level."""

from typing import Literal

import numpy as np
from jaxtyping import Float, Float64, Int64

from foldline.metrics.checks import require_finite
from foldline.metrics.metric_and_rule import MetricKind, RuleKind
from foldline.metrics.truths_and_answers import Labels, Predictions

GRID = 200
"""Candidates for a threshold, equally many rows between each two."""
ROUNDS = 50


class OrdinalThresholds(RuleKind):
    """The level is the number of thresholds that the expected level reaches."""

    kind: Literal["ordinal_thresholds"]
    thresholds: tuple[float, ...]

    def __call__(self, predictions: Predictions) -> Labels:
        return np.searchsorted(self.thresholds, expected_levels(predictions), side="right").astype(np.int64)

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: Labels) -> RuleKind:
        return metric.fit_levels(predictions, targets, len(self.thresholds) + 1) or self


def expected_levels(predictions: Predictions) -> Float64[np.ndarray, " rows"]:
    """The mean level of each row's probabilities; a single output is the level itself."""
    levels = np.arange(predictions.shape[1], dtype=np.float64)
    values = predictions[:, 0].astype(np.float64) if len(levels) == 1 else predictions @ levels
    require_finite(values[:, None])
    return values


def fit_ordinal_thresholds(
    predictions: Predictions, targets: Labels, levels: int, power: Literal[1, 2]
) -> OrdinalThresholds:
    """The thresholds with which weighted kappa is highest, of those on a grid of the rows' quantiles: exact.

    power: of the distance of two levels, 2 for the quadratic and 1 for the linear one.
    1 - kappa is a quotient of two sums over rows, so Dinkelbach's method (On Nonlinear Fractional Programming, 1967)
    finds its least by a row of sums to be made least, each of which is a shortest path from threshold to threshold.
    """
    scores = expected_levels(predictions)
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, GRID + 1)[1:-1], method="higher"))
    bins = np.searchsorted(edges, scores, side="right")
    counts = np.zeros((len(edges) + 2, levels))
    np.add.at(counts, (bins + 1, targets), 1)
    below = np.cumsum(counts, axis=0)
    distances = np.abs(np.subtract.outer(np.arange(levels), np.arange(levels))).astype(np.float64) ** power
    # What the rows of lower bins cost when they are given a level: for the disagreement found, and that by chance.
    found = below @ distances
    chance = np.outer(below.sum(axis=1), (distances @ below[-1]) / len(targets))
    quotient, path = 1.0, np.zeros(0, np.int64)
    for _ in range(ROUNDS):
        path = _shortest_path(found - quotient * chance)
        smaller = _sum_along(found, path) / max(_sum_along(chance, path), np.finfo(float).tiny)
        if smaller >= quotient - 1e-12:
            break
        quotient = smaller
    # A threshold below all rows, or above: no row is of the levels beyond it.
    limits = np.concatenate([[scores.min() - 1], edges, [scores.max() + 1]])
    return OrdinalThresholds(kind="ordinal_thresholds", thresholds=tuple(limits[path].tolist()))


def _shortest_path(costs: Float[np.ndarray, "ends levels"]) -> Int64[np.ndarray, " thresholds"]:
    """The ends of all levels but the last, so that the sum of costs[end] - costs[start] over the levels is least."""
    ends, levels = costs.shape
    best = costs[:, 0] - costs[0, 0]
    came_from = np.zeros((levels, ends), np.int64)
    for level in range(1, levels):
        # The best start at or before each end.
        waiting = best - costs[:, level]
        came_from[level] = np.maximum.accumulate(
            np.where(waiting <= np.minimum.accumulate(waiting), np.arange(ends), 0)
        )
        best = waiting[came_from[level]] + costs[:, level]
    path = np.empty(levels - 1, np.int64)
    end = ends - 1
    for level in range(levels - 1, 0, -1):
        end = path[level - 1] = came_from[level, end]
    return path


def _sum_along(costs: Float[np.ndarray, "ends levels"], path: Int64[np.ndarray, " thresholds"]) -> float:
    bounds = np.concatenate([[0], path, [len(costs) - 1]])
    levels = np.arange(costs.shape[1])
    return float((costs[bounds[1:], levels] - costs[bounds[:-1], levels]).sum())
