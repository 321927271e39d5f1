"""What predictions score, and how much better others are on the same rows; the table of gains, `gains.csv`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.ensembling.intervals import Interval, bootstrap_interval, bootstrap_interval_of_mean, standard_error
from foldline.ensembling.predictions import Predictions
from foldline.files.arrays import gather
from foldline.files.compact import numbers_per_row, rows_at
from foldline.metrics.decisions.likeliest import most_probable
from foldline.metrics.metric_and_rule import MetricKind, RuleKind

DECIMALS = 6
"""Of numbers that are written: machines may differ in the last bits of a sum."""


def rounded(value: float) -> float:
    return round(value, DECIMALS)


def rounded_or_null(value: float) -> float | None:
    """Null for a number that is not defined, of which json has none."""
    return None if math.isnan(value) else rounded(value)


NOT_REAL = "no real gain"
LEAST_GAIN = 1e-12
"""In loss: what is not better by this is equal, and the value that changes nothing wins."""


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


Folds = Int64[np.ndarray, " rows"]


@dataclass(frozen=True)
class Scorer:
    metric: MetricKind
    """Which knows the classes."""
    rule: RuleKind
    """From predictions to answers, for a metric that scores these: the one that needs no fitting."""

    def answers(self, predictions: np.ndarray) -> np.ndarray:
        return predictions if self.metric.scores_predictions else self.rule(predictions)

    def score(self, targets: np.ndarray, predictions: np.ndarray) -> float:
        return self.metric.score(targets, self.answers(predictions))


@dataclass(frozen=True)
class Scores:
    pooled: float
    """Over all rows at once: what the leaderboard will resemble."""
    by_fold: dict[int, float]

    @property
    def fold_mean(self) -> float:
        return float(np.mean(list(self.by_fold.values())))

    def as_json(self, metric: MetricKind, rows: int, **also: float | None) -> dict[str, Any]:
        """What `metrics.json` of every stage says of its predictions; null where the metric is not defined."""
        return {
            "metric": metric.name,
            **({"metric_parameters": metric.parameters} if metric.parameters else {}),
            "higher_is_better": metric.higher_is_better,
            "score": rounded_or_null(self.pooled),
            "fold_scores": {str(fold): rounded_or_null(score) for fold, score in self.by_fold.items()},
            **also,
            "rows": rows,
            "folds": list(self.by_fold),
        }


def score_folds(metric: MetricKind, targets: np.ndarray, answers: np.ndarray, folds: Folds) -> Scores:
    """`answers`: what the metric scores, predictions (memory-mapped or not) or what a rule made of them."""
    by_fold = {}
    for fold in np.unique(folds).tolist():
        rows = np.flatnonzero(folds == fold)
        by_fold[fold] = metric.score(targets[rows], gather(answers, rows))
    return Scores(metric.score(targets, answers), by_fold)


def ensemble_metrics(scorer: Scorer, targets: np.ndarray, means: Predictions) -> dict[str, Any]:
    """The content of `ensemble/metrics.json`."""
    scores = score_folds(scorer.metric, targets, scorer.answers(means.out_of_fold), means.folds)
    return scores.as_json(scorer.metric, len(targets), fold_mean=rounded_or_null(scores.fold_mean))


def top_1_accuracy(targets: np.ndarray, means: Predictions) -> float | None:
    """Of out-of-fold predictions; None where a row has not exactly one class."""
    if not means.form.is_one_distribution or targets.ndim != 1:
        return None
    return rounded(float((most_probable(means.out_of_fold) == targets).mean()))


def compared_numbers(metrics: Mapping[str, Any], accuracy: float | None) -> dict[str, float]:
    """What one compares experiments by, the content of `score.json`: DVC shows these in the order of their names.

    metrics: as `Scores.as_json` makes them. The standard error is that of the folds' mean; left out is what there is
    not."""
    of_folds = metrics["fold_scores"].values()
    error = math.nan if None in of_folds else standard_error(list(of_folds))
    numbers = {"score": metrics["score"], "standard_error": error, "top_1_accuracy": accuracy}
    return {name: rounded(value) for name, value in numbers.items() if value is not None and not math.isnan(value)}


@dataclass(frozen=True)
class Pair:
    """What two predictions of the same rows score."""

    first: float
    second: float
    gain: float
    """Of the second over the first, positive where the second is better, whichever the metric's direction."""


@dataclass(frozen=True)
class Difference:
    pooled: Pair
    by_fold: dict[int, Pair]
    over_rows: Interval
    """Of the pooled gain, by bootstrap: what other rows would have shown of the same models."""


def difference(
    metric: MetricKind,
    targets: np.ndarray,
    answers: tuple[np.ndarray, np.ndarray],
    folds: Folds,
    clusters: Int64[np.ndarray, " rows"],
) -> Difference:
    """`answers`: what the metric scores of the same rows, twice."""

    def pair(rows: Int64[np.ndarray, " some_rows"]) -> Pair:
        first, second = (metric.score(targets[rows], rows_at(one, rows)) for one in answers)
        return Pair(first, second, metric.gain(first, second))

    by_fold = {fold: pair(np.flatnonzero(folds == fold)) for fold in np.unique(folds).tolist()}
    first, second = (metric.averaged_scores(targets, one) for one in answers)
    if first is None or second is None:
        over_rows = bootstrap_interval(lambda rows: pair(rows).gain, clusters, sum(map(numbers_per_row, answers)))
    else:
        over_rows = bootstrap_interval_of_mean(metric.gain(first, second), clusters)
    return Difference(pair(np.arange(len(folds))), by_fold, over_rows)
