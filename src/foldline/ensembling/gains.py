"""What a step of post-processing is worth: lines of gains.csv."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from foldline.ensembling.gains_table import COLUMNS
from foldline.ensembling.scoring import DECIMALS, rounded

NOT_REAL = "no real gain"


@dataclass(frozen=True)
class Gain:
    """One step's gain in the metric, positive where it helps (columns: foldline/ensembling/gains_table.py)."""

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
