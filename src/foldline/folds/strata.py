"""What each fold gets its share of: classes (of votes, the one with the most), levels, labels, or bins of values."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

from foldline.card.target import MultiOutput, Regression, Shares, Target

ONE = 1 << 20
"""The share of a row that has more than all others."""
BINS = 10
"""Of a regression: equally many rows in each, but for equal values, which share one."""


@dataclass(frozen=True)
class Strata:
    of_rows: Int64[np.ndarray, " rows"] | Bool[np.ndarray, "rows strata"]
    """Each row's one stratum, or which of them it is in."""
    names: tuple[str, ...]


def find_strata(targets: np.ndarray, classes: tuple[str, ...], target: Target) -> Strata:
    """targets: of train rows, as competition/targets.py encodes them."""
    if isinstance(target, Regression):
        return _bins(_mean_shares(targets)) if len(classes) > 1 else _bins(targets[:, 0])
    if isinstance(target, Shares):
        return Strata(targets.argmax(axis=1), classes)
    if isinstance(target, MultiOutput):
        return Strata(_labelled(targets, len(classes)), classes)
    return Strata(targets if targets.ndim == 1 else targets == 1, classes)


def _labelled(positions: Int64[np.ndarray, "rows columns"], classes: int) -> Bool[np.ndarray, "rows classes"]:
    """Which labels each row has, a column's missing one left out."""
    rows, columns = (positions >= 0).nonzero()
    labelled = np.zeros((len(positions), classes), bool)
    labelled[rows, positions[rows, columns]] = True
    return labelled


def _mean_shares(values: Float32[np.ndarray, "rows columns"]) -> Float32[np.ndarray, " rows"]:
    """Of each row, the mean over its numbers of how many rows have less in that column: columns of any scale count
    alike, a missing number not at all. In whole numbers until the last division, as all that decides folds."""
    lower, known = np.zeros(values.shape, np.int64), ~np.isnan(values)
    for column in range(values.shape[1]):
        rows = known[:, column]
        found = values[rows, column]
        lower[rows, column] = np.searchsorted(np.sort(found), found) * ONE // len(found)
    return (lower.sum(axis=1) // known.sum(axis=1)).astype(np.float32) / ONE


def _bins(values: Float32[np.ndarray, " rows"]) -> Strata:
    rising = np.sort(values)
    # By whole numbers: a row's bin is that of the first row with its value.
    found, bins = np.unique(np.searchsorted(rising, values) * BINS // len(values), return_inverse=True)
    ranges = [(values[bins == number].min(), values[bins == number].max()) for number in range(len(found))]
    return Strata(bins.astype(np.int64), tuple(f"{low:g} .. {high:g}" for low, high in ranges))
