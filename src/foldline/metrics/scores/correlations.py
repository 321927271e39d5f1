"""How numbers go together with those of the target: the mean over columns of a correlation.

A column of equal targets has none: it is left out; NaN where all are. Equal predictions go together with nothing: 0.
"""

import numpy as np
from jaxtyping import Bool, Float64

from foldline.metrics.scores.values import Known, Targets, Values, mean_over_known

Scores = Float64[np.ndarray, " columns"]


def pearson(targets: Targets, values: Values) -> float:
    return mean_over_known(targets, values, _correlation)


def spearman(targets: Targets, values: Values) -> float:
    """Of ranks; equal numbers share theirs."""
    from scipy.stats import rankdata  # A second of start-up, which the stages of other metrics are spared.

    def score(wanted: Known, found: Known) -> Scores:
        return _correlation(rankdata(wanted, axis=0), rankdata(found, axis=0))

    return mean_over_known(targets, values, score)


def concordance(targets: Targets, values: Values) -> float:
    """2 covariance / (both variances and the squared difference of the means), of all rows: not of a sample.

    Source: Lin, A Concordance Correlation Coefficient to Evaluate Reproducibility, 1989.
    """
    return mean_over_known(targets, values, _concordance)


def _correlation(wanted: Known, found: Known) -> Scores:
    together, spreads = _moments(wanted, found)
    sizes = np.sqrt(spreads[0] * spreads[1])
    return np.divide(together, sizes, out=_of_constants(wanted), where=_vary(wanted) & _vary(found))


def _concordance(wanted: Known, found: Known) -> Scores:
    together, spreads = _moments(wanted, found)
    apart = spreads[0] + spreads[1] + (wanted.mean(axis=0) - found.mean(axis=0)) ** 2
    return np.divide(2 * together, apart, out=_of_constants(wanted), where=_vary(wanted) & _vary(found))


def _moments(wanted: Known, found: Known) -> tuple[Scores, tuple[Scores, Scores]]:
    """Covariances and variances."""
    together = ((wanted - wanted.mean(axis=0)) * (found - found.mean(axis=0))).mean(axis=0)
    return together, (wanted.var(axis=0), found.var(axis=0))


def _vary(numbers: Known) -> Bool[np.ndarray, " columns"]:
    return np.ptp(numbers, axis=0) > 0


def _of_constants(wanted: Known) -> Scores:
    """Of columns without a spread: equal targets ask nothing, equal predictions say nothing."""
    return np.where(_vary(wanted), 0.0, np.nan)
