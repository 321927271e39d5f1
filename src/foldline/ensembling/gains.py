"""What a step of post-processing gains, how sure that is, and the table of it: `gains.csv`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import pandas as pd

from foldline.ensembling.intervals import DECIMALS, rounded_or_null
from foldline.metrics.metric_and_rule import MetricKind

NOT_REAL = "no real gain"


@dataclass(frozen=True)
class Gain:
    """One step's gain in the metric, positive where it helps: a row of `gains.csv`."""

    step: str
    setting: str | None
    """What was fitted or given, in words; None for a step that was left out."""
    in_sample: float
    """On the rows that the step was fitted on."""
    cross_validated: float
    """On rows that it was not fitted on."""
    standard_error: float
    """Of the cross-validated gain, over folds; NaN for a single fold."""
    low: float
    high: float
    """Of its bootstrap interval over rows."""
    applied: bool
    """Whether the predictions went through the step."""
    note: str | None
    """What a reader must know."""

    @property
    def is_real(self) -> bool:
        """Whether the cross-validated gain exceeds one standard error over folds, and its interval lies above zero.

        Either alone lets luck through: a handful of folds at times agree on noise (an error of a third of its size in
        one of six draws of two degrees of freedom), and rows know nothing of what another fit would have chosen.
        """
        return self.cross_validated > self.standard_error and self.low > 0

    def decided(self, objection: str | None) -> "Gain":
        """Applied is what really gains, unless there is an objection."""
        if self.is_real and objection is None:
            return self
        return replace(self, applied=False, note=objection if self.is_real else NOT_REAL)


def no_gain(step: str, note: str) -> Gain:
    """Of a step that was left out."""
    return Gain(step, None, 0.0, 0.0, math.nan, math.nan, math.nan, applied=False, note=note)


def gains_metrics(gains: Sequence[Gain]) -> dict[str, dict[str, float | bool | None]]:
    """By step, for `metrics.json`: a table for programs; null where there is no number."""
    return {
        gain.step: {
            "in_sample": rounded_or_null(gain.in_sample),
            "cross_validated": rounded_or_null(gain.cross_validated),
            "standard_error": rounded_or_null(gain.standard_error),
            "applied": gain.applied,
        }
        for gain in gains
    }


def write_gains(path: Path, gains: Sequence[Gain]) -> None:
    table = pd.DataFrame([asdict(gain) for gain in gains], columns=[field.name for field in fields(Gain)])
    table.round(DECIMALS).to_csv(path, index=False, lineterminator="\n")


def not_applicable(metric: MetricKind, step: str) -> str:
    if metric.scores_probabilities:
        return f"not applicable: {step} cannot help {metric.name}, where no row costs more than 1"
    seen = "only the order of predictions" if metric.sees_order_alone else f"only {metric.needs}"
    return f"not applicable: {step} cannot help {metric.name}, which sees {seen}"
