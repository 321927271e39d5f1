"""Metrics that score numbers, of a regression: a missing one counts nowhere. Higher is better unless it says so."""

from typing import Literal

from foldline.metrics.weights_section import Weights
from foldline.params.section import Section


class Rmse(Section):
    """Root of the mean squared error over all rows and columns; lower is better."""

    kind: Literal["rmse"]


class MeanColumnRmse(Section):
    """The mean of the columns' RMSE (MCRMSE); lower is better."""

    kind: Literal["mean_column_rmse"]


class Mse(Section):
    """The mean squared error over all rows and columns; lower is better."""

    kind: Literal["mse"]


class Mae(Section):
    """The mean absolute error over all rows and columns; lower is better."""

    kind: Literal["mae"]


class MeanColumnMae(Section):
    """The mean of the columns' mean absolute error, which differs from `mae` where numbers are missing; lower is
    better."""

    kind: Literal["mean_column_mae"]


class MedianAbsoluteError(Section):
    """The mean of the columns' median absolute error; lower is better."""

    kind: Literal["median_absolute_error"]


class Mape(Section):
    """The mean of |error| / |number| over all rows and columns, a share and no percentage; no number may be 0; lower is
    better."""

    kind: Literal["mape"]


class Smape(Section):
    """The mean of 2 |error| / (|number| + |prediction|), from 0 to 2 and no percentage; 0 where both are 0; lower is
    better."""

    kind: Literal["smape"]


class Rmsle(Section):
    """Root of the mean squared difference of log(1 + value); lower is better."""

    kind: Literal["rmsle"]


class R2(Section):
    """The mean of the columns' coefficients of determination."""

    kind: Literal["r2"]


class WeightedR2(Section):
    """The coefficient of determination of all rows and columns together, each weighing as its column does."""

    kind: Literal["weighted_r2"]
    weights: Weights


class Pearson(Section):
    """The mean of the columns' correlation."""

    kind: Literal["pearson"]


class Spearman(Section):
    """The mean of the columns' correlation of ranks."""

    kind: Literal["spearman"]


class Concordance(Section):
    """The mean of the columns' concordance (Lin's CCC): correlation, less what scale and mean differ."""

    kind: Literal["concordance"]
