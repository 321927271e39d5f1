"""What each fold gets its share of: classes, levels, labels, or bins of values."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

from foldline.cards.target import Regression, Target

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
        return _bins(targets)
    return Strata(targets if targets.ndim == 1 else targets == 1, classes)


def _bins(values: Float32[np.ndarray, " rows"]) -> Strata:
    rising = np.sort(values)
    # By whole numbers: a row's bin is that of the first row with its value.
    found, bins = np.unique(np.searchsorted(rising, values) * BINS // len(values), return_inverse=True)
    ranges = [(values[bins == number].min(), values[bins == number].max()) for number in range(len(found))]
    return Strata(bins.astype(np.int64), tuple(f"{low:g} .. {high:g}" for low, high in ranges))
