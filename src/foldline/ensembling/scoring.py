"""What the out-of-fold predictions score, as a whole and fold by fold."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from foldline.ensembling.chain import Judge
from foldline.ensembling.gains import rounded
from foldline.ensembling.probabilities import Probabilities
from foldline.files.arrays import gather
from foldline.metrics.decisions.likeliest import most_probable
from foldline.metrics.metric import Metric


@dataclass(frozen=True)
class Scores:
    pooled: float
    """Over all rows at once: what the leaderboard will resemble."""
    by_fold: dict[int, float]

    @property
    def fold_mean(self) -> float:
        return float(np.mean(list(self.by_fold.values())))


def score_folds(metric: Metric, targets: np.ndarray, answers: np.ndarray, folds: Int64[np.ndarray, " rows"]) -> Scores:
    """`answers`: what the metric scores, predictions (memory-mapped or not) or what a rule made of them."""
    by_fold = {}
    for fold in np.unique(folds).tolist():
        rows = np.flatnonzero(folds == fold)
        by_fold[fold] = metric.score(targets[rows], gather(answers, rows))
    return Scores(metric.score(targets, answers), by_fold)


def ensemble_metrics(judge: Judge, targets: np.ndarray, means: Probabilities) -> dict[str, Any]:
    """The content of `ensemble/metrics.json`; no accuracy where a row has not exactly one class."""
    scores = score_folds(judge.metric, targets, judge.answers(means.out_of_fold), means.folds)
    single = means.form == "distribution" and targets.ndim == 1
    return {
        "metric": judge.metric.name,
        "score": rounded(scores.pooled),
        "fold_scores": _rounded_by_fold(scores),
        "fold_mean": rounded(scores.fold_mean),
        "accuracy": rounded(_accuracy(targets, means.out_of_fold)) if single else None,
        "rows": len(targets),
        "folds": list(scores.by_fold),
    }


def _accuracy(targets: Int64[np.ndarray, " rows"], predictions: np.ndarray) -> float:
    return float((most_probable(predictions) == targets).mean())


def clip_metrics(metric: Metric, before: Scores, after: Scores, rows: int) -> dict[str, Any]:
    """The content of `clip/metrics.json`."""
    return {"score_before": rounded(before.pooled), **blend_metrics(metric, after, rows)}


def blend_metrics(metric: Metric, scores: Scores, rows: int) -> dict[str, Any]:
    """The content of `blend/metrics.json`."""
    return {
        "metric": metric.name,
        "score": rounded(scores.pooled),
        "fold_scores": _rounded_by_fold(scores),
        "rows": rows,
        "folds": list(scores.by_fold),
    }


def _rounded_by_fold(scores: Scores) -> dict[str, float]:
    return {str(fold): rounded(score) for fold, score in scores.by_fold.items()}
