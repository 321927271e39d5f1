"""Metrics of a ranking per row: positions of classes, the likeliest first, of different classes; -1 for no more."""

import numpy as np
from jaxtyping import Int64

from foldline.competition.scores.checks import require_rows


def map_at_k(targets: Int64[np.ndarray, " rows"], rankings: Int64[np.ndarray, "rows length"], k: int) -> float:
    """The mean over rows of 1 / (the place of the row's class), 0 where it is not among the first `k`."""
    require_rows(targets)
    found = rankings[:, :k] == targets[:, None]
    places = found.argmax(axis=1) + 1
    return float(np.where(found.any(axis=1), 1 / places, 0).mean())


def top_k_error(targets: Int64[np.ndarray, " rows"], rankings: Int64[np.ndarray, "rows length"], k: int) -> float:
    """The share of rows whose class is not among the first `k`."""
    require_rows(targets)
    return float(1 - (rankings[:, :k] == targets[:, None]).any(axis=1).mean())
