"""Scores of a target of several labels: the mean over its columns of a score of one label."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Int64, UInt8

from foldline.competition.output_names import column_slices
from foldline.competition.scores.checks import require_rows


def mean_over_outputs(
    targets: UInt8[np.ndarray, "rows classes"],
    labels: Int64[np.ndarray, "rows columns"],
    score: Callable[[np.ndarray, np.ndarray], float],
    sizes: Sequence[int],
    weights: Sequence[float],
) -> float:
    """labels: positions among all classes, of which the first column has sizes[0], and so on. weights: per column."""
    require_rows(targets)
    scores = [
        score(targets[:, mine].argmax(axis=1), labels[:, column] - mine.start)
        for column, mine in enumerate(column_slices(sizes))
    ]
    return float(np.average(scores, weights=weights))
