"""What the out-of-fold predictions score, as a whole and fold by fold."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from foldline.competition.decisions.labels import most_probable
from foldline.competition.metrics import Metric
from foldline.competition.scores.labels import accuracy
from foldline.tables.arrays import gather

DECIMALS = 6
"""Of numbers that are written: machines may differ in the last bits of a sum."""


@dataclass(frozen=True)
class Scores:
    pooled: float
    """Over all rows at once: what the leaderboard will resemble."""
    by_fold: dict[int, float]

    @property
    def fold_mean(self) -> float:
        return float(np.mean(list(self.by_fold.values())))


def score_folds(
    metric: Metric,
    targets: Int64[np.ndarray, " rows"],
    probabilities: Float32[np.ndarray, "rows outputs"],
    folds: Int64[np.ndarray, " rows"],
) -> Scores:
    answers = most_probable(probabilities) if metric.needs == "labels" else probabilities
    by_fold = {}
    for fold in np.unique(folds).tolist():
        rows = np.flatnonzero(folds == fold)
        by_fold[fold] = metric.score(targets[rows], gather(answers, rows))
    return Scores(metric.score(targets, answers), by_fold)


def ensemble_metrics(
    metric: Metric,
    targets: Int64[np.ndarray, " rows"],
    probabilities: Float32[np.ndarray, "rows classes"],
    folds: Int64[np.ndarray, " rows"],
) -> dict[str, Any]:
    """The content of `ensemble/metrics.json`."""
    scores = score_folds(metric, targets, probabilities, folds)
    return {
        "metric": metric.name,
        "score": rounded(scores.pooled),
        "fold_scores": {str(fold): rounded(score) for fold, score in scores.by_fold.items()},
        "fold_mean": rounded(scores.fold_mean),
        "accuracy": rounded(accuracy(targets, most_probable(probabilities))),
        "rows": len(targets),
        "folds": list(scores.by_fold),
    }


def clip_metrics(metric: Metric, before: Scores, after: Scores, rows: int) -> dict[str, Any]:
    """The content of `clip/metrics.json`."""
    return {
        "metric": metric.name,
        "score_before": rounded(before.pooled),
        "score": rounded(after.pooled),
        "fold_scores": {str(fold): rounded(score) for fold, score in after.by_fold.items()},
        "rows": rows,
        "folds": list(after.by_fold),
    }


def rounded(value: float) -> float:
    return round(value, DECIMALS)
