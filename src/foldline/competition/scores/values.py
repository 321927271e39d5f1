"""Metrics of one number per row."""

import numpy as np
from jaxtyping import Float, Float32, Int64

from foldline.competition.scores.checks import require_finite, require_rows


def rmse(targets: Float32[np.ndarray, " rows"], values: Float[np.ndarray, " rows"]) -> float:
    """The root of the mean squared error."""
    require_rows(targets)
    require_finite(values)
    return float(np.sqrt(np.mean((targets.astype(np.float64) - values) ** 2)))


def probabilistic_f1(targets: Int64[np.ndarray, " rows"], values: Float[np.ndarray, " rows"], beta: float) -> float:
    """F-beta with probabilities (clipped to 0 .. 1) as counts; 0 without a positive row or a positive prediction.

    Source: Yacouby and Axman, Probabilistic Extension of Precision, Recall, and F1 Score, 2020.
    """
    require_rows(targets)
    require_finite(values)
    probabilities = values.astype(np.float64).clip(0, 1)
    hits, claimed, positives = float(probabilities[targets == 1].sum()), float(probabilities.sum()), int(targets.sum())
    if hits == 0:
        return 0.0
    precision, recall = hits / claimed, hits / positives
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
