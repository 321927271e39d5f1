"""A set of labels per row: those whose probability reaches their label's threshold."""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64

from foldline.metrics.checks import require_probabilities
from foldline.metrics.decisions.thresholds import best_of, candidates
from foldline.metrics.metric_and_rule import MetricKind, RuleKind
from foldline.metrics.truths_and_answers import Counts, Indicators, Predictions, Sets

ROUNDS = 50
COLUMNS_AT_A_TIME = 64
GRID = 50
"""Common thresholds that are tried first."""
PASSES = 5
LEAST_GAIN = 1e-9

ScoreOfRows = Callable[[Counts, Counts, Counts], Float64[np.ndarray, " rows"]]
"""From how many labels of a row are correct, are found and are wanted to its score."""


class Thresholds(RuleKind):
    kind: Literal["thresholds"]
    thresholds: tuple[float, ...]
    empty: Literal["allowed", "refused"]
    """Where an empty set is refused, the likeliest label stands in, by how near it comes to its threshold."""

    def __call__(self, predictions: Predictions) -> Sets:
        require_probabilities(predictions)
        thresholds = np.array(self.thresholds)
        sets = predictions >= thresholds
        if self.empty == "refused":
            bare = np.flatnonzero(~sets.any(axis=1))
            sets[bare, (predictions[bare] / thresholds).argmax(axis=1)] = True
        return sets

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: Indicators) -> RuleKind:
        return metric.fit_sets(self, predictions, targets)


def fit_macro(rule: Thresholds, predictions: Predictions, targets: Indicators) -> Thresholds:
    """Each label's threshold with the highest F1; one without a positive row keeps the threshold it had."""
    found = []
    for (hits, thresholds), unfitted in zip(_columns(predictions, targets), rule.thresholds, strict=True):
        scores = 2 * hits / np.maximum(np.arange(len(hits)) + hits[-1], 1)
        found.append(float(thresholds[best_of(scores, thresholds)]) if hits[-1] else unfitted)
    return rule.model_copy(update={"thresholds": tuple(found)})


def fit_each(rule: Thresholds, predictions: Predictions, targets: Indicators) -> Thresholds:
    """Each label's threshold with the most rows correct."""
    return rule.model_copy(update={"thresholds": _where_hits_pay(predictions, targets, price=1.0)[0]})


def fit_micro(rule: Thresholds, predictions: Predictions, targets: Indicators) -> Thresholds:
    """The thresholds with the highest F1 over all labels together.

    It is a quotient of sums over labels, 2 hits / (labelled + wanted), so Dinkelbach's method (On Nonlinear Fractional
    Programming, 1967) ends at the highest: given a score, each label maximises 2 hits - score * labelled by itself.
    """
    wanted, score = float(targets.sum()), 0.0
    if not wanted:
        return rule
    for _ in range(ROUNDS):
        thresholds, hits, labelled = _where_hits_pay(predictions, targets, score)
        higher = 2 * hits / (labelled + wanted)
        if higher <= score:
            break
        rule, score = rule.model_copy(update={"thresholds": thresholds}), higher
    return rule


def _where_hits_pay(
    predictions: Predictions, targets: Indicators, price: float
) -> tuple[tuple[float, ...], float, float]:
    """Each label's threshold with the most 2 hits - price * labelled rows; the hits, and the labelled rows, of all."""
    found, hits, labelled = [], 0.0, 0.0
    for hits_among, thresholds in _columns(predictions, targets):
        taken = best_of(2 * hits_among - price * np.arange(len(hits_among)), thresholds)
        found.append(float(thresholds[taken]))
        hits, labelled = hits + float(hits_among[taken]), labelled + taken
    return tuple(found), hits, labelled


def _columns(
    predictions: Predictions, targets: Indicators
) -> Iterator[tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]]:
    """Of each label: positives among its 0, 1, 2, ... likeliest rows, and the thresholds that take so many."""
    for start in range(0, predictions.shape[1], COLUMNS_AT_A_TIME):
        columns = slice(start, start + COLUMNS_AT_A_TIME)
        for scores, wanted in zip(np.array(predictions[:, columns]).T, np.array(targets[:, columns]).T, strict=True):
            order, thresholds = candidates(scores)
            yield np.append(0, np.cumsum(wanted[order], dtype=np.float64)), thresholds


def fit_rows(rule: Thresholds, predictions: Predictions, targets: Indicators, score: ScoreOfRows) -> Thresholds:
    """The best of three: `rule`, one threshold for all labels (of a grid), and from there label by label.

    Given the other labels, what a row gains by one more label is a number of its own: so each label's threshold is the
    best there is while the others stay, from sorted rows, until none gains (coordinate ascent). The label that stands
    in for an empty set is left out of account, but for the choice of the three.
    """
    alike = [_with(rule, np.full(predictions.shape[1], one / GRID)) for one in range(1, GRID)]

    def mean_score(tried: Thresholds) -> float:
        return float(score_of_sets(targets, tried(predictions), score).mean())

    common = max(alike, key=mean_score)
    each = _with(rule, _label_by_label(np.array(common.thresholds), predictions, targets, score))
    return max((rule, common, each), key=mean_score)


def score_of_sets(targets: Indicators, sets: Sets, score: ScoreOfRows) -> Float64[np.ndarray, " rows"]:
    wanted = targets == 1
    return score((wanted & sets).sum(axis=1), sets.sum(axis=1), wanted.sum(axis=1))


def _with(rule: Thresholds, thresholds: Float64[np.ndarray, " classes"]) -> Thresholds:
    return rule.model_copy(update={"thresholds": tuple(thresholds.tolist())})


def _label_by_label(
    thresholds: Float64[np.ndarray, " classes"], predictions: Predictions, targets: Indicators, score: ScoreOfRows
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
    order, thresholds = candidates(scores)
    together = np.append(0.0, np.cumsum(gains[order]))
    best = best_of(together, thresholds)
    return now if together[best] <= gains[scores >= now].sum() + LEAST_GAIN else float(thresholds[best])
