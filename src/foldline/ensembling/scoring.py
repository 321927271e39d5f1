"""What predictions score, as a whole and fold by fold, and how much better others are on the same rows."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from foldline.ensembling.intervals import Interval, bootstrap_interval, rounded, rounded_or_null, standard_error
from foldline.ensembling.predictions import Predictions
from foldline.files.arrays import gather
from foldline.files.compact import numbers_per_row, rows_at
from foldline.metrics.decisions.likeliest import most_probable
from foldline.metrics.metric_and_rule import MetricKind, RuleKind

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
    if means.form != "distribution" or targets.ndim != 1:
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
    score: Callable[[np.ndarray, np.ndarray], float],
    targets: np.ndarray,
    scored: tuple[np.ndarray, np.ndarray],
    folds: Folds,
    clusters: Int64[np.ndarray, " rows"],
) -> Difference:
    """`score`: from targets and what is `scored` of the same rows."""

    def pair(rows: Int64[np.ndarray, " some_rows"]) -> Pair:
        first, second = (score(targets[rows], rows_at(one, rows)) for one in scored)
        return Pair(first, second, metric.gain(first, second))

    by_fold = {fold: pair(np.flatnonzero(folds == fold)) for fold in np.unique(folds).tolist()}
    over_rows = bootstrap_interval(lambda rows: pair(rows).gain, clusters, sum(map(numbers_per_row, scored)))
    return Difference(pair(np.arange(len(folds))), by_fold, over_rows)
