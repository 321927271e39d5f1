"""Metrics of a set of labels per row, as scikit-learn computes them; a label without anything to find scores 0."""

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from foldline.competition.scores.checks import require_rows

Targets = UInt8[np.ndarray, "rows classes"]
Sets = Bool[np.ndarray, "rows classes"]


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
    require_rows(targets)
    wanted = targets == 1
    right, seen = (wanted & sets).sum(axis=1), beta**2 * wanted.sum(axis=1) + sets.sum(axis=1)
    return float(np.mean(np.divide((1 + beta**2) * right, seen, out=np.zeros(len(seen)), where=seen > 0)))


def _counts(targets: Targets, sets: Sets) -> tuple[Int64[np.ndarray, " classes"], Int64[np.ndarray, " classes"]]:
    """By label: right answers; answers and targets together."""
    require_rows(targets)
    wanted = targets == 1
    return (wanted & sets).sum(axis=0), wanted.sum(axis=0) + sets.sum(axis=0)
