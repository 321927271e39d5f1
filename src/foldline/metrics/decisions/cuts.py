"""Thresholds between sorted scores: every way to take the likeliest rows, and the best of them."""

import numpy as np
from jaxtyping import Float32, Float64, Int64

BEYOND = 1e-6
"""So far a threshold lies outside of the scores that it is to take all or none of."""


def cuts(
    scores: Float32[np.ndarray, " rows"],
) -> tuple[Int64[np.ndarray, " rows"], Float64[np.ndarray, " taken"]]:
    """The rows from the likeliest on, and the threshold that takes just 0, 1, 2, ... of them, half-way to the next.

    The threshold is NaN where none does, between equal scores. The one that takes all lies below the lowest score, also
    where that is 0, as the one that takes none lies above the highest.
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order].astype(np.float64)
    between = np.where(np.diff(falling) < 0, (falling[:-1] + falling[1:]) / 2, np.nan)
    return order, np.concatenate([[(falling[0] + 1) / 2 + BEYOND], between, [falling[-1] / 2 - BEYOND]])


def best_cut(worth: Float64[np.ndarray, " taken"], thresholds: Float64[np.ndarray, " taken"]) -> int:
    """How many rows are worth most to take, of those that a threshold can take."""
    return int(np.argmax(np.where(np.isnan(thresholds), -np.inf, worth)))
