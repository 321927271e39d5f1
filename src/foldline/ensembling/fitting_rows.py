"""Which rows steps are fitted on, where there are very many."""

import numpy as np
from jaxtyping import Int64

from foldline.files.compact import KEPT, CompactArray

MOST_ROWS = 20_000
MOST_BYTES = 1 << 28
"""Of rows to fit on, and what they take in memory: a handful of numbers is fitted as well on these as on all."""


def numbers_to_fit_on(values: np.ndarray, members: int, views: int = 1) -> int:
    """Of a row, where each member's views come as arrays like `values`, dense or compact."""
    of_one = 2 * KEPT + 1 if isinstance(values, CompactArray) else values.shape[-1]
    return of_one * members * views


def fitting_rows(rows: int, numbers_per_row: int) -> Int64[np.ndarray, " chosen"]:
    """Rising positions of the rows that steps are fitted on: all, or as many as MOST_ROWS and MOST_BYTES allow.

    numbers_per_row: of all inputs together. The same rows whatever the machine.
    """
    most = min(MOST_ROWS, max(1, MOST_BYTES // (4 * numbers_per_row)))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
