"""Metrics of how a regression's numbers go together with those of the target, column by column."""

from typing import ClassVar, Literal

import numpy as np

from foldline.metrics.kinds.of_numbers import ByColumn, Known
from foldline.metrics.truths_and_answers import OfColumns, Weights


class _Correlation(ByColumn):
    """How numbers go together with those of the target. A column of equal targets asks nothing and is left out; equal
    predictions go together with nothing: 0."""

    def of_known(self, wanted: Known, found: Known, weights: Weights) -> OfColumns:
        varying = np.ptp(wanted, axis=0) > 0
        scores = np.where(varying, 0.0, np.nan)
        together, sizes = self.parts(wanted, found, weights)
        return np.divide(together, sizes, out=scores, where=varying & (np.ptp(found, axis=0) > 0))

    def parts(self, wanted: Known, found: Known, weights: Weights) -> tuple[OfColumns, OfColumns]:
        """What is divided by what."""
        raise NotImplementedError


class Pearson(_Correlation):
    """The mean of the columns' correlation."""

    kind: Literal["pearson"]

    def parts(self, wanted: Known, found: Known, weights: Weights) -> tuple[OfColumns, OfColumns]:
        return _correlated(wanted, found, weights)


class Spearman(_Correlation):
    """The mean of the columns' correlation of ranks; equal numbers have the mean of theirs."""

    kind: Literal["spearman"]

    def parts(self, wanted: Known, found: Known, weights: Weights) -> tuple[OfColumns, OfColumns]:
        return _correlated(_ranks(wanted, weights), _ranks(found, weights), weights)


class Concordance(_Correlation):
    """The mean of the columns' concordance (Lin's CCC): correlation, less what scale and mean differ."""

    kind: Literal["concordance"]
    other_names: ClassVar = {"ccc": ""}

    def parts(self, wanted: Known, found: Known, weights: Weights) -> tuple[OfColumns, OfColumns]:
        """2 covariance / (both variances and the squared difference of the means), of all rows: not of a sample.

        Source: Lin, A Concordance Correlation Coefficient to Evaluate Reproducibility, 1989.
        """
        covariance, variances, means = _moments(wanted, found, weights)
        return 2 * covariance, variances[0] + variances[1] + (means[0] - means[1]) ** 2


def _correlated(wanted: Known, found: Known, weights: Weights) -> tuple[OfColumns, OfColumns]:
    covariance, variances, _ = _moments(wanted, found, weights)
    return covariance, np.sqrt(variances[0] * variances[1])


def _moments(
    wanted: Known, found: Known, weights: Weights
) -> tuple[OfColumns, tuple[OfColumns, OfColumns], tuple[OfColumns, OfColumns]]:
    """Covariances, variances and means."""

    def mean(numbers: Known) -> OfColumns:
        return (numbers * weights[:, None]).sum(axis=0) / weights.sum()

    means = mean(wanted), mean(found)
    apart = wanted - means[0], found - means[1]
    return mean(apart[0] * apart[1]), (mean(apart[0] ** 2), mean(apart[1] ** 2)), means


def _ranks(numbers: Known, weights: Weights) -> Known:
    """Of each column: what is below weighs, and the middle of what is equal, as of so many equal rows."""
    ranks = np.empty(numbers.shape)
    for column, values in enumerate(numbers.T):
        _, positions = np.unique(values, return_inverse=True)
        equal = np.bincount(positions, weights)
        ranks[:, column] = (np.cumsum(equal) - equal + (equal + 1) / 2)[positions]
    return ranks
