"""What a step of post-processing is worth: lines of gains.csv."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from foldline.competition.metrics import Metric
from foldline.predictions.scoring import DECIMALS, Scores
from foldline.tables.gains import COLUMNS


@dataclass(frozen=True)
class Gain:
    """One step's gain in the metric, positive where it helps (columns: foldline/tables/gains.py)."""

    step: str
    claimed: float
    nested: float
    standard_error: float
    kept: bool
    note: str | None

    @property
    def is_real(self) -> bool:
        """Whether the nested gain exceeds one standard error; over a single fold nobody can tell."""
        return self.nested > self.standard_error

    @property
    def verdict(self) -> str:
        """A sentence for the person at the screen."""
        if not self.kept:
            return f"Left out: {self.note}."
        gain = f"{self.nested:+.6f} ± {self.standard_error:.6f}"
        if self.is_real:
            return f"A real gain: {gain}."
        return f"Not a real gain: {gain}" + (", it costs." if self.nested < 0 else ".")


def given_gain(step: str, metric: Metric, before: Scores, after: Scores, note: str | None = None) -> Gain:
    """Of a step that is given, not fitted: nothing was chosen on these rows, so that its claim is its nested gain."""
    pooled = metric.gain(before.pooled, after.pooled)
    by_fold = [metric.gain(before.by_fold[fold], after.by_fold[fold]) for fold in before.by_fold]
    return Gain(step, pooled, pooled, standard_error(by_fold), kept=True, note=note)


def no_gain(step: str, note: str) -> Gain:
    """Of a step that was left out."""
    return Gain(step, 0.0, 0.0, 0.0, kept=False, note=note)


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of the values; NaN for fewer than two."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def gains_table(gains: Sequence[Gain]) -> pd.DataFrame:
    return pd.DataFrame([asdict(gain) for gain in gains], columns=list(COLUMNS)).round(DECIMALS)
