"""Metrics of numbers: of one per row and column of a regression, where a missing one counts nowhere, or of a binary
target's one instead of a probability."""

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64
from pydantic import Field

from foldline.files.refusal import Refusal
from foldline.metrics.checks import require_finite
from foldline.metrics.class_weights import ByName, WeightedByName
from foldline.metrics.decisions.thresholds import best_threshold, f_beta_score
from foldline.metrics.metric_and_rule import MeanOfRows, MetricKind, ratio
from foldline.metrics.truths_and_answers import OfColumns, Weights

ROUNDING = 1e-12

Targets = Float[np.ndarray, "rows columns"]
"""NaN where a row lacks a number."""
Values = Float[np.ndarray, "rows columns"]
Known = Float64[np.ndarray, "rows columns"]
Positive = Int64[np.ndarray, " rows"]


class OfNumbers(MetricKind):
    truths: ClassVar = ("known_numbers",)
    answers: ClassVar = ("numbers",)

    def refuse_unscorable(self, targets: Float32[np.ndarray, "rows columns"]) -> None:
        if len(targets):
            self.score(targets, np.nan_to_num(targets))

    def value(self, targets: Targets, predictions: Values, weights: Weights) -> float:
        require_finite(predictions)
        return self.of_finite(targets.astype(np.float64), predictions.astype(np.float64), weights)

    def of_finite(self, wanted: Known, found: Known, weights: Weights) -> float:
        """wanted: NaN where a row lacks a number."""
        raise NotImplementedError


class _MeanOfNumbers(OfNumbers, MeanOfRows):
    """The mean over all numbers of what each costs; the mean of the rows' where none is missing."""

    is_error: ClassVar = True

    def costs(self, wanted: Known, found: Known) -> Known:
        """NaN where the target is missing."""
        raise NotImplementedError

    def row_scores(self, targets: Targets, predictions: Values) -> Float64[np.ndarray, " rows"]:
        """NaN for a row without a number."""
        require_finite(predictions)
        costs = self.costs(targets.astype(np.float64), predictions.astype(np.float64))
        return _means(costs.T, np.ones(costs.shape[1]))

    def averaged_scores(self, targets: Targets, predictions: Values) -> Float64[np.ndarray, " rows"] | None:
        return None if np.isnan(targets).any() else self.row_scores(targets, predictions)

    def of_finite(self, wanted: Known, found: Known, weights: Weights) -> float:
        costs = self.costs(wanted, found)
        known, weight = ~np.isnan(costs), np.broadcast_to(weights[:, None], costs.shape)
        return float((np.where(known, costs, 0) * weight).sum() / (known * weight).sum()) if known.any() else math.nan


class ByColumn(OfNumbers):
    """The mean over columns of their score; a column where it is not defined is left out."""

    def of_known(self, wanted: Known, found: Known, weights: Weights) -> OfColumns:
        """Of targets, none of which is missing, a score for each column."""
        raise NotImplementedError

    def of_finite(self, wanted: Known, found: Known, weights: Weights) -> float:
        """NaN where it is defined of no column."""
        gaps = np.isnan(wanted)
        whole = ~gaps.any(axis=0)
        # Together, since a bootstrap scores thousands of times; columns with gaps differ in their rows.
        scores = [self.of_known(wanted[:, whole], found[:, whole], weights)] if whole.any() else []
        for one in np.flatnonzero(~whole & ~gaps.all(axis=0)):
            known = ~gaps[:, one]
            scores.append(self.of_known(wanted[known][:, [one]], found[known][:, [one]], weights[known]))
        defined = [each for part in scores for each in part.tolist() if not math.isnan(each)]
        return float(np.mean(defined)) if defined else math.nan


class Mse(_MeanOfNumbers):
    """The mean squared error over all rows and columns."""

    kind: Literal["mse"]
    other_names: ClassVar = {"mean_squared_error": ""}
    is_squared_error: ClassVar = True

    def costs(self, wanted: Known, found: Known) -> Known:
        return (wanted - found) ** 2


class Rmse(OfNumbers):
    """Root of the mean squared error over all rows and columns."""

    kind: Literal["rmse"]
    other_names: ClassVar = {"root_mean_squared_error": ""}
    is_error: ClassVar = True
    is_squared_error: ClassVar = True

    def of_finite(self, wanted: Known, found: Known, weights: Weights) -> float:
        return math.sqrt(Mse(kind="mse").of_finite(wanted, found, weights))


class MeanColumnRmse(OfNumbers):
    """The mean of the columns' RMSE (MCRMSE)."""

    kind: Literal["mean_column_rmse"]
    other_names: ClassVar = {"mcrmse": ""}
    is_error: ClassVar = True

    def of_finite(self, wanted: Known, found: Known, weights: Weights) -> float:
        return float(np.nanmean(np.sqrt(_means((wanted - found) ** 2, weights))))


class Mae(_MeanOfNumbers):
    """The mean absolute error over all rows and columns."""

    kind: Literal["mae"]
    other_names: ClassVar = {"mean_absolute_error": ""}

    def costs(self, wanted: Known, found: Known) -> Known:
        return np.abs(wanted - found)


class MeanColumnMae(OfNumbers):
    """The mean of the columns' mean absolute error, which differs from `mae` where numbers are missing."""

    kind: Literal["mean_column_mae"]
    is_error: ClassVar = True

    def of_finite(self, wanted: Known, found: Known, weights: Weights) -> float:
        return float(np.nanmean(_means(np.abs(wanted - found), weights)))


class MedianAbsoluteError(ByColumn):
    """The mean of the columns' median absolute error."""

    kind: Literal["median_absolute_error"]
    is_error: ClassVar = True

    def of_known(self, wanted: Known, found: Known, weights: Weights) -> OfColumns:
        """The median of weighted numbers is the mean of the lower and the upper one, as that of an even count is."""
        errors = np.abs(wanted - found)
        order = np.argsort(errors, axis=0, kind="stable")
        # Sums of fractions differ in their last bits.
        below, half = np.cumsum(weights[order], axis=0), weights.sum() / 2 * (1 + np.array([-ROUNDING, ROUNDING]))
        lower, upper = (below >= half[0]).argmax(axis=0), (below > half[1]).argmax(axis=0)
        rising, columns = np.take_along_axis(errors, order, axis=0), np.arange(errors.shape[1])
        return (rising[lower, columns] + rising[upper, columns]) / 2


class Mape(_MeanOfNumbers):
    """The mean of |error| / |number| over all rows and columns, a fraction, not a percentage; no number may be 0."""

    kind: Literal["mape"]
    other_names: ClassVar = {"mean_absolute_percentage_error": ""}

    def costs(self, wanted: Known, found: Known) -> Known:
        if (wanted == 0).any():
            row, column = np.argwhere(wanted == 0)[0]
            raise Refusal(
                f"mape divides by the numbers of the target, but row {row} of those scored has a 0 in column {column}. "
                "Correct metric.kind in the card: an error that does not divide takes a 0 (docs/metrics.md)."
            )
        return np.abs(wanted - found) / np.abs(wanted)


class Smape(_MeanOfNumbers):
    """The mean of 2 |error| / (|number| + |prediction|) (Makridakis 1993), from 0 to 2, not a percentage; 0 where both
    are 0."""

    kind: Literal["smape"]

    def costs(self, wanted: Known, found: Known) -> Known:
        errors, sizes = np.abs(wanted - found), np.abs(wanted) + np.abs(found)
        return ratio(2 * errors, sizes)


class Rmsle(OfNumbers):
    """Root of the mean squared difference of log(1 + value)."""

    kind: Literal["rmsle"]
    is_error: ClassVar = True

    def value(self, targets: Targets, predictions: Values, weights: Weights) -> float:
        lowest = min(np.nanmin(targets, initial=0), np.min(predictions, initial=0))
        if lowest <= -1:
            raise Refusal(
                f"rmsle takes numbers above -1, found {lowest:g}. Correct metric.kind or submission.range in the card."
            )
        logarithms = np.log1p(targets.astype(np.float64)), np.log1p(predictions.astype(np.float64))
        return math.sqrt(Mse(kind="mse").value(*logarithms, weights))


class R2(OfNumbers):
    """The mean of the columns' coefficients of determination, 1 - squared error / squared distance from the mean; a
    column of equal targets is left out."""

    kind: Literal["r2"]

    def of_finite(self, wanted: Known, found: Known, weights: Weights) -> float:
        """NaN where all columns are of equal targets."""
        squares, around = (wanted - found) ** 2, (wanted - _means(wanted, weights)) ** 2
        residual, total = (np.nansum(each * weights[:, None], axis=0) for each in (squares, around))
        vary = _vary(wanted[weights > 0])
        return float(np.mean(1 - residual[vary] / total[vary])) if vary.any() else math.nan


class WeightedR2(OfNumbers, WeightedByName):
    """The coefficient of determination of all rows and columns together, each weighing as its column does, around the
    weighted mean of all."""

    kind: Literal["weighted_r2"]
    weights: ByName

    def of_finite(self, wanted: Known, found: Known, weights: Weights) -> float:
        """NaN where all targets are equal."""
        weight_of_each = np.where(np.isnan(wanted), 0, self.in_order) * weights[:, None]
        mean = float(np.nansum(weight_of_each * wanted) / weight_of_each.sum()) if weight_of_each.any() else 0.0
        total = float(np.nansum(weight_of_each * (wanted - mean) ** 2))
        vary = _vary(wanted[weight_of_each > 0])
        return 1 - float(np.nansum(weight_of_each * (wanted - found) ** 2)) / total if vary else math.nan


class ProbabilisticF1(MetricKind):
    """F-beta of a binary target with probabilities, clipped to 0 .. 1, instead of counts (Yacouby and Axman 2020);
    0 without a positive row or a positive prediction."""

    kind: Literal["probabilistic_f1"]
    beta: Annotated[float, Field(gt=0, examples=[2])]
    truths: ClassVar = ("positive",)
    answers: ClassVar = ("numbers",)

    def value(self, targets: Positive, predictions: Float[np.ndarray, " rows"], weights: Weights) -> float:
        """Source: Yacouby and Axman, Probabilistic Extension of Precision, Recall, and F1 Score, 2020."""
        require_finite(predictions[:, None])
        claims, positive = predictions.astype(np.float64).clip(0, 1) * weights, targets == 1
        hits, claimed, positives = float(claims[positive].sum()), float(claims.sum()), float(weights[positive].sum())
        if hits == 0:
            return 0.0
        precision, recall = hits / claimed, hits / positives
        return (1 + self.beta**2) * precision * recall / (self.beta**2 * precision + recall)

    def fit_positive(self, scores: Float32[np.ndarray, " rows"], targets: Positive) -> float | None:
        """0.4 and 0.6 are never as good as 0 and 1."""
        return best_threshold(scores, targets, f_beta_score(self.beta))


def _vary(numbers: Float64[np.ndarray, "rows ..."]) -> Bool[np.ndarray, "..."]:
    """Whether any differ, of each column: of a mean of equal numbers the last bits may differ from them."""
    return np.asarray(np.fmax.reduce(numbers, initial=-np.inf) > np.fmin.reduce(numbers, initial=np.inf))


def _means(numbers: Float[np.ndarray, "rows columns"], weights: Float64[np.ndarray, " rows"]) -> OfColumns:
    """Of each column without the NaN; NaN for a column that holds nothing else."""
    known, sample_weights = ~np.isnan(numbers), weights[:, None]
    counts, sums = (known * sample_weights).sum(axis=0), (np.where(known, numbers, 0) * sample_weights).sum(axis=0)
    return ratio(sums, counts, of_nothing=math.nan)
