"""Metrics of a set of labels per row, as scikit-learn computes them; a label without anything to find scores 0."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

from foldline.metrics.scores.checks import require_rows

Targets = UInt8[np.ndarray, "rows classes"]
Sets = Bool[np.ndarray, "rows classes"]
Counts = Int64[np.ndarray, " rows"]
ScoreOfRows = Callable[[Counts, Counts, Counts], Float64[np.ndarray, " rows"]]
"""From how many labels of a row are right, are found and are wanted to its score."""


def micro_f1(targets: Targets, sets: Sets) -> float:
    """F1 of all pairs of row and label."""
    right, seen = _counts(targets, sets)
    return float(2 * right.sum() / seen.sum()) if seen.sum() else 0.0


def macro_f1(targets: Targets, sets: Sets) -> float:
    """The mean F1 of all labels."""
    right, seen = _counts(targets, sets)
    return float(np.mean(2 * right / np.maximum(seen, 1)))


def mean_row_f_beta(targets: Targets, sets: Sets, beta: float) -> float:
    """The mean over rows of F-beta of their set; as in scikit-learn (`average="samples"`) 0 where both are empty."""
    return mean_over_rows(targets, sets, f_beta_of_rows(beta))


def mean_row_jaccard(targets: Targets, sets: Sets) -> float:
    """The mean over rows of intersection over union; as in scikit-learn (`average="samples"`) 0 where both are empty.

    Source: Jaccard, The Distribution of the Flora in the Alpine Zone, 1912.
    """
    return mean_over_rows(targets, sets, jaccard_of_rows)


def exact_match(targets: Targets, sets: Sets) -> float:
    """The share of rows whose whole set is right, two empty sets among them."""
    return mean_over_rows(targets, sets, match_of_rows)


def hamming_loss(targets: Targets, sets: Sets) -> float:
    """The share of pairs of row and label that are wrong."""
    require_rows(targets)
    return float(((targets == 1) != sets).mean())


def mean_over_rows(targets: Targets, sets: Sets, score: ScoreOfRows) -> float:
    require_rows(targets)
    wanted = targets == 1
    return float(np.mean(score((wanted & sets).sum(axis=1), sets.sum(axis=1), wanted.sum(axis=1))))


def f_beta_of_rows(beta: float) -> ScoreOfRows:
    def score(right: Counts, found: Counts, wanted: Counts) -> Float64[np.ndarray, " rows"]:
        return _share((1 + beta**2) * right, found + beta**2 * wanted)

    return score


def jaccard_of_rows(right: Counts, found: Counts, wanted: Counts) -> Float64[np.ndarray, " rows"]:
    return _share(right, found + wanted - right)


def match_of_rows(right: Counts, found: Counts, wanted: Counts) -> Float64[np.ndarray, " rows"]:
    return ((right == found) & (right == wanted)).astype(np.float64)


def _share(part: np.ndarray, whole: np.ndarray) -> Float64[np.ndarray, " rows"]:
    """0 of nothing."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def _counts(targets: Targets, sets: Sets) -> tuple[Int64[np.ndarray, " classes"], Int64[np.ndarray, " classes"]]:
    """By label: right answers; answers and targets together."""
    require_rows(targets)
    wanted = targets == 1
    return (wanted & sets).sum(axis=0), wanted.sum(axis=0) + sets.sum(axis=0)
