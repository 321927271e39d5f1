"""Scores of a multilabel target that are a mean over its columns."""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, UInt8

from foldline.competition.scores.checks import require_probabilities, require_rows


def mean_over_columns(
    score: Callable[[np.ndarray, np.ndarray], float],
    targets: UInt8[np.ndarray, "rows classes"],
    predictions: Float32[np.ndarray, "rows classes"],
) -> float:
    """`score`: of whether each row is positive, and of its predictions. A column where it is NaN is left out; NaN where
    all are."""
    require_rows(targets)
    require_probabilities(predictions)
    scores = [score(targets[:, column] == 1, predictions[:, column]) for column in range(targets.shape[1])]
    defined = [one for one in scores if not math.isnan(one)]
    return float(np.mean(defined)) if defined else math.nan
