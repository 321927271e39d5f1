"""How numbers go together with those of the target: the mean over columns of a correlation.

A column of equal targets has none: it is left out; NaN where all are. Equal predictions go together with nothing: 0.
"""

import numpy as np
from jaxtyping import Float64

from foldline.competition.scores.values import Targets, Values, mean_over_known

Column = Float64[np.ndarray, " rows"]


def pearson(targets: Targets, values: Values) -> float:
    return mean_over_known(targets, values, _correlation)


def spearman(targets: Targets, values: Values) -> float:
    """Of ranks; equal numbers share theirs."""
    from scipy.stats import rankdata  # A second of start-up, which the stages of other metrics are spared.

    return mean_over_known(targets, values, lambda wanted, found: _correlation(rankdata(wanted), rankdata(found)))


def concordance(targets: Targets, values: Values) -> float:
    """2 covariance / (both variances and the squared difference of the means), of all rows: not of a sample.

    Source: Lin, A Concordance Correlation Coefficient to Evaluate Reproducibility, 1989.
    """
    return mean_over_known(targets, values, _concordance)


def _correlation(wanted: Column, found: Column) -> float:
    if np.ptp(wanted) == 0:
        return float("nan")
    return float(np.corrcoef(wanted, found)[0, 1]) if np.ptp(found) > 0 else 0.0


def _concordance(wanted: Column, found: Column) -> float:
    if np.ptp(wanted) == 0:
        return float("nan")
    together = float(((wanted - wanted.mean()) * (found - found.mean())).mean())
    return 2 * together / float(wanted.var() + found.var() + (wanted.mean() - found.mean()) ** 2)
