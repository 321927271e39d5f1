"""What a step of post-processing is worth, how sure that is, and the table of it: `gains.csv`."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import pandas as pd

from foldline.ensembling.intervals import DECIMALS, rounded, rounded_or_null
from foldline.metrics.metric_and_rule import MetricKind

NOT_REAL = "no real gain"


@dataclass(frozen=True)
class Gain:
    """One step's gain in the metric, positive where it helps: a line of `gains.csv`."""

    step: str
    setting: str | None
    """What was fitted or given, in words; None for a step that was left out."""
    claimed: float
    """On the rows that the step was fitted on."""
    nested: float
    """On rows that it was not fitted on."""
    standard_error: float
    """Of the nested gain, over folds; NaN for a single fold."""
    low: float
    high: float
    """Of its bootstrap interval over rows."""
    kept: bool
    """Whether the predictions went through the step."""
    note: str | None
    """What a reader must know."""

    @property
    def is_real(self) -> bool:
        """Whether the nested gain exceeds one standard error over folds, and its interval over rows lies above zero.

        Either alone lets luck through: a handful of folds at times agree on noise (an error of a third of its size in
        one of six draws of two degrees of freedom), and rows know nothing of what another fit would have chosen.
        Over a single fold nobody can tell.
        """
        return self.nested > self.standard_error and self.low > 0

    def decided(self, objection: str | None) -> "Gain":
        """Kept is what really gains, unless something speaks against it."""
        if self.is_real and objection is None:
            return self
        return replace(self, kept=False, note=objection if self.is_real else NOT_REAL)


def no_gain(step: str, note: str) -> Gain:
    """Of a step that was left out."""
    return Gain(step, None, 0.0, 0.0, math.nan, math.nan, math.nan, kept=False, note=note)


def gains_metrics(gains: Sequence[Gain]) -> dict[str, dict[str, float | bool | None]]:
    """By step, for `metrics.json`: a table for programs; null where there is no number."""
    return {
        gain.step: {
            "claimed": rounded(gain.claimed),
            "nested": rounded(gain.nested),
            "standard_error": rounded_or_null(gain.standard_error),
            "kept": gain.kept,
        }
        for gain in gains
    }


def write_gains(path: Path, gains: Sequence[Gain]) -> None:
    table = pd.DataFrame([asdict(gain) for gain in gains], columns=[field.name for field in fields(Gain)])
    table.round(DECIMALS).to_csv(path, index=False, lineterminator="\n")


def no_use(metric: MetricKind, step: str) -> str:
    if metric.judges_probabilities:
        return f"{step} cannot help {metric.name}, to which no row can cost more than 1"
    counting = "the order of predictions" if metric.sees_order_alone else metric.needs
    return f"{step} cannot help {metric.name}, which depends on {counting} alone"
