"""Thresholds for a mean over rows of what their sets score."""

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from foldline.metrics.decisions.cuts import best_cut, cuts
from foldline.metrics.decisions.sets import Thresholds
from foldline.metrics.scores.sets import ScoreOfRows, mean_over_rows

GRID = 50
"""Common thresholds that are tried first."""
PASSES = 5
LEAST_GAIN = 1e-9

Predictions = Float32[np.ndarray, "rows classes"]
Targets = UInt8[np.ndarray, "rows classes"]


def fit_rows(rule: Thresholds, predictions: Predictions, targets: Targets, score: ScoreOfRows) -> Thresholds:
    """The best of three: `rule`, one threshold for all labels (of a grid), and from there label by label.

    Given the other labels, what a row gains by one more label is a number of its own: so each label's threshold is the
    best there is while the others stay, from sorted rows, until none gains (coordinate ascent). The label that stands
    in for an empty set is left out of account, but for the choice of the three.
    """
    alike = [_with(rule, np.full(predictions.shape[1], one / GRID)) for one in range(1, GRID)]
    common = max(alike, key=lambda tried: mean_over_rows(targets, tried(predictions), score))
    each = _with(rule, _label_by_label(np.array(common.thresholds), predictions, targets, score))
    return max((rule, common, each), key=lambda tried: mean_over_rows(targets, tried(predictions), score))


def _with(rule: Thresholds, thresholds: Float64[np.ndarray, " classes"]) -> Thresholds:
    return rule.model_copy(update={"thresholds": tuple(thresholds.tolist())})


def _label_by_label(
    thresholds: Float64[np.ndarray, " classes"], predictions: Predictions, targets: Targets, score: ScoreOfRows
) -> Float64[np.ndarray, " classes"]:
    found, wanted = thresholds.copy(), targets == 1
    sets, of_rows = predictions >= found, wanted.sum(axis=1)
    labelled, hits = sets.sum(axis=1), (sets & wanted).sum(axis=1)
    for _ in range(PASSES):
        before = found.copy()
        for label in range(predictions.shape[1]):
            # The label is taken out of all counts, and put back at its new threshold.
            labelled -= sets[:, label]
            hits -= sets[:, label] & wanted[:, label]
            gains = score(hits + wanted[:, label], labelled + 1, of_rows) - score(hits, labelled, of_rows)
            found[label] = _best_threshold(predictions[:, label], gains, found[label])
            sets[:, label] = predictions[:, label] >= found[label]
            labelled += sets[:, label]
            hits += sets[:, label] & wanted[:, label]
        if np.array_equal(before, found):
            break
    return found


def _best_threshold(scores: Float32[np.ndarray, " rows"], gains: Float64[np.ndarray, " rows"], now: float) -> float:
    """The threshold whose rows gain most together, or `now` where none gains more."""
    order, thresholds = cuts(scores)
    together = np.append(0.0, np.cumsum(gains[order]))
    best = best_cut(together, thresholds)
    return now if together[best] <= gains[scores >= now].sum() + LEAST_GAIN else float(thresholds[best])
