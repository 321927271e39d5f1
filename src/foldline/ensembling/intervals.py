"""How sure a mean is: bootstrap and Student's t."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy
from jaxtyping import Float64, Int64

from foldline.files.progress import progress

DRAWS = 1000


LEVEL = 0.95


MOST_CELLS = 1 << 20
"""Numbers that one draw reads: more rows than that would make a draw exact, and a thousand of them slow."""


class Interval(NamedTuple):
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """False for bounds that are NaN."""
        return self.low > 0 or self.high < 0


def bootstrap_interval(
    statistic: Callable[[Int64[np.ndarray, " drawn_rows"]], float],
    clusters: Int64[np.ndarray, " rows"],
    cells_per_row: int = 1,
) -> Interval:
    """The percentile interval (level LEVEL) of `statistic` over DRAWS draws of whole clusters with replacement.

    statistic: of rows given by their positions, one as often as it is drawn; draws for which it is NaN are left out.
    clusters: rows of one number are drawn together, since they are not independent. cells_per_row: how many numbers
    the statistic reads of a row; where all rows would be too many, a draw takes m of n clusters, and the interval
    shrinks by sqrt(m / n) (Bickel, Goetze and van Zwet, Resampling fewer than n observations, 1997).
    Source: Efron, Bootstrap methods: another look at the jackknife, 1979.
    """
    by_cluster = np.argsort(clusters, kind="stable")
    _, starts, sizes = np.unique(clusters[by_cluster], return_index=True, return_counts=True)
    drawn = _drawn(len(starts), len(clusters) * cells_per_row)
    return _interval(lambda chosen: statistic(by_cluster[_spans(starts[chosen], sizes[chosen])]), len(starts), drawn)


def bootstrap_interval_of_mean(values: Float64[np.ndarray, " rows"], clusters: Int64[np.ndarray, " rows"]) -> Interval:
    """The same of the mean of the values, from the clusters' sums alone: no row is looked at twice."""
    _, cluster_of, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    sums = np.bincount(cluster_of, weights=values, minlength=len(sizes))
    drawn = _drawn(len(sizes), len(sizes))
    return _interval(lambda chosen: float(sums[chosen].sum() / sizes[chosen].sum()), len(sizes), drawn)


def _drawn(clusters: int, cells: int) -> int:
    """How many clusters a draw takes, if it reads so many numbers of all of them."""
    return int(np.clip(np.ceil(clusters * MOST_CELLS / cells), 1, clusters)) if clusters else 0


def _interval(statistic: Callable[[Int64[np.ndarray, " drawn"]], float], clusters: int, drawn: int) -> Interval:
    """statistic: of the clusters, by their numbers."""
    generator = np.random.default_rng(0)
    values = np.empty(DRAWS)
    for draw in progress(range(DRAWS), desc="bootstrap", unit="draw"):
        values[draw] = statistic(generator.integers(clusters, size=drawn))
    values = values[~np.isnan(values)]
    if not len(values):
        return Interval(np.nan, np.nan)
    estimate = statistic(np.arange(clusters))
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    shrink = np.sqrt(drawn / clusters)
    return Interval(float(estimate + (low - estimate) * shrink), float(estimate + (high - estimate) * shrink))


def mean_interval(values: Sequence[float]) -> Interval:
    """Student's interval of the mean, NaN where fewer than two values are defined."""
    defined = [value for value in values if not math.isnan(value)]
    if len(defined) < 2:
        return Interval(math.nan, math.nan)
    mean = float(np.mean(defined))
    quantile = scipy.special.stdtrit(len(defined) - 1, (1 + LEVEL) / 2)
    reach = float(quantile * np.std(defined, ddof=1) / math.sqrt(len(defined)))
    return Interval(mean - reach, mean + reach)


def wilson_interval(
    shares: Float64[np.ndarray, " some"], trials: Float64[np.ndarray, " some"] | Int64[np.ndarray, " some"]
) -> tuple[Float64[np.ndarray, " some"], Float64[np.ndarray, " some"]]:
    """The ends of the intervals (level LEVEL) of probabilities of which so many independent trials saw these shares.

    Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.
    """
    z = float(scipy.special.ndtri((1 + LEVEL) / 2))
    middle = (shares + z**2 / (2 * trials)) / (1 + z**2 / trials)
    reach = z / (1 + z**2 / trials) * np.sqrt(shares * (1 - shares) / trials + z**2 / (4 * trials**2))
    return middle - reach, middle + reach


def cluster_interval(
    influences: Float64[np.ndarray, " rows"],
    clusters: Int64[np.ndarray, " rows"],
    estimate: float,
    level: float = LEVEL,
) -> Interval:
    """Student's interval of an estimate to which each row adds its influence, those of a cluster together: of a mean
    (value - mean) / rows. NaN for a single cluster.

    Source: Liang and Zeger, Longitudinal data analysis using generalized linear models, 1986.
    """
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], weights=influences)
    if len(sums) < 2:
        return Interval(math.nan, math.nan)
    error = math.sqrt(len(sums) / (len(sums) - 1) * float((sums**2).sum()))
    reach = float(scipy.special.stdtrit(len(sums) - 1, (1 + level) / 2)) * error
    return Interval(estimate - reach, estimate + reach)


def _spans(starts: Int64[np.ndarray, " spans"], sizes: Int64[np.ndarray, " spans"]) -> Int64[np.ndarray, " positions"]:
    """start, start + 1, ... start + size - 1 of each span, one after another."""
    offsets = np.cumsum(sizes) - sizes
    return np.repeat(starts - offsets, sizes) + np.arange(sizes.sum())


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of the values; NaN for fewer than two."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
