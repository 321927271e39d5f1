"""A set of labels per row: those whose probability reaches their label's threshold."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from foldline.metrics.decisions.cuts import best_cut, cuts
from foldline.metrics.scores.checks import require_probabilities
from foldline.params.section import Section

EVEN = 0.5
ROUNDS = 50
COLUMNS_AT_A_TIME = 64

Predictions = Float32[np.ndarray, "rows classes"]
Targets = UInt8[np.ndarray, "rows classes"]


class Thresholds(Section):
    kind: Literal["thresholds"]
    thresholds: tuple[float, ...]
    empty: Literal["allowed", "refused"]
    """Where an empty set is refused, the likeliest label stands in, by how near it comes to its threshold."""

    def __call__(self, predictions: Predictions) -> Bool[np.ndarray, "rows classes"]:
        require_probabilities(predictions)
        thresholds = np.array(self.thresholds)
        sets = predictions >= thresholds
        if self.empty == "refused":
            bare = np.flatnonzero(~sets.any(axis=1))
            sets[bare, (predictions[bare] / thresholds).argmax(axis=1)] = True
        return sets


def even_thresholds(classes: int, empty: Literal["allowed", "refused"]) -> Thresholds:
    return Thresholds(kind="thresholds", thresholds=(EVEN,) * classes, empty=empty)


def fit_macro(rule: Thresholds, predictions: Predictions, targets: Targets) -> Thresholds:
    """Each label's threshold with the highest F1; one without a positive row keeps the threshold it had."""
    found = []
    for (hits, candidates), unfitted in zip(_candidates(predictions, targets), rule.thresholds, strict=True):
        scores = 2 * hits / np.maximum(np.arange(len(hits)) + hits[-1], 1)
        found.append(float(candidates[best_cut(scores, candidates)]) if hits[-1] else unfitted)
    return rule.model_copy(update={"thresholds": tuple(found)})


def fit_each(rule: Thresholds, predictions: Predictions, targets: Targets) -> Thresholds:
    """Each label's threshold with the most rows right."""
    found = []
    for hits, candidates in _candidates(predictions, targets):
        found.append(float(candidates[best_cut(2 * hits - np.arange(len(hits)), candidates)]))
    return rule.model_copy(update={"thresholds": tuple(found)})


def fit_micro(rule: Thresholds, predictions: Predictions, targets: Targets) -> Thresholds:
    """The thresholds with the highest F1 over all labels together.

    It is a quotient of sums over labels, 2 hits / (labelled + wanted), so Dinkelbach's method (On Nonlinear Fractional
    Programming, 1967) ends at the highest: given a score, each label maximises 2 hits - score * labelled by itself.
    """
    wanted, score = float(targets.sum()), 0.0
    if not wanted:
        return rule
    for _ in range(ROUNDS):
        thresholds, counts = [], np.zeros(2)
        for hits, candidates in _candidates(predictions, targets):
            at = best_cut(2 * hits - score * np.arange(len(hits)), candidates)
            thresholds.append(float(candidates[at]))
            counts += hits[at], at
        higher = 2 * counts[0] / (counts[1] + wanted)
        if higher <= score:
            break
        rule, score = rule.model_copy(update={"thresholds": tuple(thresholds)}), higher
    return rule


def _candidates(
    predictions: Predictions, targets: Targets
) -> Iterator[tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]]:
    """Of each label: positives among its 0, 1, 2, ... likeliest rows, and the thresholds of `cuts`."""
    for start in range(0, predictions.shape[1], COLUMNS_AT_A_TIME):
        columns = slice(start, start + COLUMNS_AT_A_TIME)
        for scores, wanted in zip(np.array(predictions[:, columns]).T, np.array(targets[:, columns]).T, strict=True):
            order, candidates = cuts(scores)
            yield np.append(0, np.cumsum(wanted[order], dtype=np.float64)), candidates
