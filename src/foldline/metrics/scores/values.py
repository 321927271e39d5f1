"""Metrics of numbers: of one per row and column, or of a binary target's one in the place of a probability."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64

from foldline.files.refusal import Refusal
from foldline.metrics.scores.checks import require_finite, require_rows

Targets = Float32[np.ndarray, "rows columns"]
"""NaN where a row lacks a number: it counts nowhere."""
Values = Float[np.ndarray, "rows columns"]
Known = Float64[np.ndarray, "rows columns"]
ScoreOfColumns = Callable[[Known, Known], Float64[np.ndarray, " columns"]]
"""From targets, none of which is missing, and values to a score for each column."""


def rmse(targets: Targets, values: Values) -> float:
    """The root of the mean squared error, over all numbers."""
    return float(np.sqrt(np.nanmean(_errors(targets, values) ** 2)))


def mean_column_rmse(targets: Targets, values: Values) -> float:
    """The mean of the columns' RMSE; a column without a number is left out."""
    squares = _errors(targets, values) ** 2
    return float(np.nanmean(np.sqrt(_column_means(squares))))


def mse(targets: Targets, values: Values) -> float:
    """The mean squared error, over all numbers."""
    return float(np.nanmean(_errors(targets, values) ** 2))


def mae(targets: Targets, values: Values) -> float:
    """The mean absolute error, over all numbers."""
    return float(np.nanmean(np.abs(_errors(targets, values))))


def mean_column_mae(targets: Targets, values: Values) -> float:
    """The mean of the columns' mean absolute error; a column without a number is left out."""
    return float(np.nanmean(_column_means(np.abs(_errors(targets, values)))))


def median_absolute_error(targets: Targets, values: Values) -> float:
    """The mean of the columns' median absolute error, as scikit-learn computes it; a column without a number is left
    out."""
    return mean_over_known(targets, values, lambda wanted, found: np.median(np.abs(wanted - found), axis=0))


def mape(targets: Targets, values: Values) -> float:
    """The mean of |error| / |number|, over all numbers. Raises Refusal where one is 0, of which nothing is a share."""
    shares = np.abs(_errors(targets, values))
    if (targets == 0).any():
        row, column = np.argwhere(targets == 0)[0]
        raise Refusal(
            f"mape divides by the numbers of the target, but row {row} of those scored has a 0 in column {column}. "
            "Correct metric.kind in the card: smape and mae take a 0."
        )
    return float(np.nanmean(shares / np.abs(targets.astype(np.float64))))


def smape(targets: Targets, values: Values) -> float:
    """The mean of 2 |error| / (|number| + |prediction|), over all numbers: from 0 to 2, and 0 where both are 0.

    Source: Makridakis, Accuracy measures, 1993.
    """
    errors, sizes = np.abs(_errors(targets, values)), np.abs(targets.astype(np.float64)) + np.abs(values)
    return float(np.nanmean(np.divide(2 * errors, sizes, out=np.zeros_like(errors), where=sizes != 0)))


def rmsle(targets: Targets, values: Values) -> float:
    """The root of the mean squared difference of log(1 + number). Raises Refusal for a number of -1 or below."""
    lowest = min(np.nanmin(targets, initial=0), np.min(values, initial=0))
    if lowest <= -1:
        raise Refusal(
            f"rmsle takes numbers above -1, found {lowest:g}. Correct metric.kind or submission.range in the card."
        )
    require_finite(values)
    return rmse(np.log1p(targets), np.log1p(values.astype(np.float64)))


def r2(targets: Targets, values: Values) -> float:
    """The mean of the columns' coefficients of determination, 1 - squared error / squared distance from the mean.

    A column of equal targets has none: it is left out; NaN where all are.
    """
    squares = _errors(targets, values) ** 2
    around = (targets - _column_means(targets)) ** 2
    found, spread = np.nansum(squares, axis=0), np.nansum(around.astype(np.float64), axis=0)
    return float(np.mean(1 - found[spread > 0] / spread[spread > 0])) if (spread > 0).any() else float("nan")


def weighted_r2(targets: Targets, values: Values, weights: Sequence[float]) -> float:
    """One coefficient of determination of all numbers together, each weighing as its column does; around the weighted
    mean of all. NaN where all targets are equal."""
    squares = _errors(targets, values) ** 2
    wide = targets.astype(np.float64)
    shares = np.where(np.isnan(wide), 0, np.asarray(weights, np.float64))
    mean = float(np.nansum(shares * wide) / shares.sum()) if shares.sum() else 0.0
    spread = float(np.nansum(shares * (wide - mean) ** 2))
    return 1 - float(np.nansum(shares * squares)) / spread if spread else float("nan")


def probabilistic_f1(targets: Int64[np.ndarray, " rows"], values: Float[np.ndarray, " rows"], beta: float) -> float:
    """F-beta with probabilities (clipped to 0 .. 1) as counts; 0 without a positive row or a positive prediction.

    Source: Yacouby and Axman, Probabilistic Extension of Precision, Recall, and F1 Score, 2020.
    """
    require_rows(targets)
    require_finite(values[:, None])
    probabilities = values.astype(np.float64).clip(0, 1)
    hits, claimed, positives = float(probabilities[targets == 1].sum()), float(probabilities.sum()), int(targets.sum())
    if hits == 0:
        return 0.0
    precision, recall = hits / claimed, hits / positives
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def mean_over_known(targets: Targets, values: Values, score: ScoreOfColumns) -> float:
    """The mean over columns of their `score` on the rows whose target is known. A column that has none, or whose score
    is NaN, is left out; NaN where all are."""
    require_rows(targets)
    require_finite(values)
    wanted, found, gaps = targets.astype(np.float64), values.astype(np.float64), np.isnan(targets)
    whole = ~gaps.any(axis=0)
    # Together, since a bootstrap scores thousands of times; columns with gaps differ in their rows.
    scores = [score(wanted[:, whole], found[:, whole])] if whole.any() else []
    for one in np.flatnonzero(~whole & ~gaps.all(axis=0)):
        known = ~gaps[:, one]
        scores.append(score(wanted[known][:, [one]], found[known][:, [one]]))
    defined = [each for part in scores for each in part.tolist() if not math.isnan(each)]
    return float(np.mean(defined)) if defined else math.nan


def _errors(targets: Targets, values: Values) -> Float64[np.ndarray, "rows columns"]:
    require_rows(targets)
    require_finite(values)
    return targets.astype(np.float64) - values


def _column_means(numbers: Values) -> Float64[np.ndarray, " columns"]:
    """Without the NaN; NaN for a column that holds nothing else."""
    known = ~np.isnan(numbers)
    counts = known.sum(axis=0)
    sums = np.where(known, numbers, 0).sum(axis=0, dtype=np.float64)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
