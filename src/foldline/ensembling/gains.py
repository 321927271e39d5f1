"""What a step of post-processing is worth, how sure that is, and the table of it: `gains.csv`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int64
from scipy.special import stdtrit
from tqdm import tqdm

from foldline.files.truths import read_csv, require_filled, require_unique
from foldline.files.whole_files import whole_file
from foldline.metrics.metric import Metric

DECIMALS = 6
"""Of numbers that are written: machines may differ in the last bits of a sum."""
COLUMNS = ("step", "setting", "claimed", "nested", "standard_error", "low", "high", "kept", "note")
"""setting: what was fitted or given, in words; missing for a step that was left out. claimed: the gain in the metric on
the rows that the step was fitted on, positive where it helps. nested: the gain on rows that it was not fitted on.
standard_error: of the nested gain, over folds; missing for a single fold. low, high: its bootstrap interval over rows.
kept: whether the predictions went through the step. note: what a reader must know, or missing."""


def read_gains(path: Path) -> pd.DataFrame:
    gains = read_csv(path, COLUMNS, {"step": str, "setting": str, "kept": bool, "note": str})
    _check(gains, path)
    return gains


def write_gains(path: Path, gains: pd.DataFrame) -> None:
    _check(gains, path)
    with whole_file(path) as partial:
        gains.to_csv(partial, index=False, lineterminator="\n")


def _check(gains: pd.DataFrame, path: Path) -> None:
    require_filled(gains, path, ("step", "claimed", "nested", "kept"))
    require_unique(gains, path, ("step",))


NOT_REAL = "no real gain"


@dataclass(frozen=True)
class Gain:
    """One step's gain in the metric, positive where it helps (columns: foldline/ensembling/gains.py)."""

    step: str
    setting: str | None
    claimed: float
    nested: float
    standard_error: float
    low: float
    high: float
    kept: bool
    note: str | None

    @property
    def is_real(self) -> bool:
        """Whether the nested gain exceeds one standard error over folds, and its interval over rows lies above zero.

        Either alone lets luck through: a handful of folds at times agree on noise (an error of a third of its size in
        one of six draws of two degrees of freedom), and rows know nothing of what another fit would have chosen.
        Over a single fold nobody can tell.
        """
        return self.nested > self.standard_error and self.low > 0

    @property
    def verdict(self) -> str:
        """A sentence for the person at the screen."""
        gain = f"{self.nested:+.6f} ± {self.standard_error:.6f}"
        if not self.kept:
            return f"Left out: {self.note}." + ("" if self.setting is None else f" Nested: {gain}.")
        if self.is_real:
            return f"A real gain: {gain}."
        return f"Not a real gain: {gain}" + (", it costs." if self.nested < 0 else ".")


def decided_gain(
    step: str,
    setting: str,
    claimed: float,
    by_rows: tuple[float, float, tuple[float, float]],
    objection: str | None,
    given: bool,
    note: str | None,
) -> Gain:
    """A step's gain with the decision. by_rows: the nested gain, its standard error over folds, and its interval.

    Kept is what the person gave, and what was fitted when its nested gain is real and nothing speaks against it.
    """
    nested, error, (low, high) = by_rows
    gain = Gain(step, setting, claimed, nested, error, low, high, kept=True, note=note)
    if given or (gain.is_real and objection is None):
        return gain
    reason = objection if gain.is_real and objection is not None else NOT_REAL
    return Gain(step, setting, claimed, nested, error, low, high, kept=False, note=reason)


def no_gain(step: str, note: str) -> Gain:
    """Of a step that was left out."""
    return Gain(step, None, 0.0, 0.0, math.nan, math.nan, math.nan, kept=False, note=note)


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of the values; NaN for fewer than two."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def gains_metrics(gains: Sequence[Gain]) -> dict[str, dict[str, float | bool | None]]:
    """By step, for `metrics.json`: what `dvc metrics` and `dvc exp show` compare; null where there is no number."""
    return {
        gain.step: {
            "claimed": rounded(gain.claimed),
            "nested": rounded(gain.nested),
            "standard_error": None if math.isnan(gain.standard_error) else rounded(gain.standard_error),
            "kept": gain.kept,
        }
        for gain in gains
    }


def gains_table(gains: Sequence[Gain]) -> pd.DataFrame:
    return pd.DataFrame([asdict(gain) for gain in gains], columns=list(COLUMNS)).round(DECIMALS)


def no_use(metric: Metric, step: str) -> str:
    if metric.judges_probabilities:
        return f"{step} cannot help {metric.name}, to which no row can cost more than 1"
    counting = "the order of predictions" if metric.sees_order_alone else metric.needs
    return f"{step} cannot help {metric.name}, which depends on {counting} alone"


DRAWS = 1000
LEVEL = 0.95
MOST_CELLS = 1 << 20
"""Numbers that one draw reads: more rows than that would make a draw exact, and a thousand of them slow."""


class Interval(NamedTuple):
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """False for bounds that are NaN: nobody can tell."""
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
    count = len(starts)
    drawn = int(np.clip(np.ceil(count * MOST_CELLS / (len(clusters) * cells_per_row)), 1, count)) if count else 0
    generator = np.random.default_rng(0)
    values = np.empty(DRAWS)
    for draw in tqdm(range(DRAWS), desc="bootstrap", unit="draw", leave=False, disable=len(clusters) < 10_000):
        chosen = generator.integers(count, size=drawn)
        values[draw] = statistic(by_cluster[_spans(starts[chosen], sizes[chosen])])
    values = values[~np.isnan(values)]
    if not len(values):
        return Interval(np.nan, np.nan)
    center = statistic(np.arange(len(clusters)))
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    shrink = np.sqrt(drawn / count)
    return Interval(float(center + (low - center) * shrink), float(center + (high - center) * shrink))


def mean_interval(values: Sequence[float]) -> Interval:
    """Student's interval of the mean, NaN where fewer than two values are defined."""
    defined = [value for value in values if not math.isnan(value)]
    if len(defined) < 2:
        return Interval(math.nan, math.nan)
    mean = float(np.mean(defined))
    reach = float(stdtrit(len(defined) - 1, (1 + LEVEL) / 2) * np.std(defined, ddof=1) / math.sqrt(len(defined)))
    return Interval(mean - reach, mean + reach)


def _spans(starts: Int64[np.ndarray, " spans"], sizes: Int64[np.ndarray, " spans"]) -> Int64[np.ndarray, " positions"]:
    """start, start + 1, ... start + size - 1 of each span, one after another."""
    offsets = np.cumsum(sizes) - sizes
    return np.repeat(starts - offsets, sizes) + np.arange(sizes.sum())


def rounded(value: float) -> float:
    return round(value, DECIMALS)
