"""How the local Kaggle scores numbers; an answer that is empty does not count."""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import pandas as pd

from foldline.local_kaggle.fields import Unacceptable, numbers, ones, weights_of_rows

Value = Callable[[pd.DataFrame, pd.DataFrame], float]


def rmse(lowest: float = -np.inf, highest: float = np.inf) -> Value:
    """Over all fields. Numbers beyond the bounds make a submission invalid."""

    def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
        found = numbers(predictions)
        beyond = (found < lowest) | (found > highest)
        if beyond.any():
            raise Unacceptable(
                f"Evaluation error: values must lie in [{lowest:g}, {highest:g}], found {found[beyond][0]:g}"
            )
        return float(np.sqrt(np.nanmean(_errors(answers, predictions) ** 2)))

    return value


def mean_column_rmse(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return float(np.sqrt(np.nanmean(_errors(answers, predictions) ** 2, axis=0)).mean())


def mae(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return float(np.nanmean(np.abs(_errors(answers, predictions))))


def mse(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return float(np.nanmean(_errors(answers, predictions) ** 2))


def mean_column_mae(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return float(np.nanmean(np.abs(_errors(answers, predictions)), axis=0).mean())


def median_absolute_error(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The mean of the columns' median."""
    return float(np.nanmedian(np.abs(_errors(answers, predictions)), axis=0).mean())


def mape(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    from sklearn.metrics import mean_absolute_percentage_error

    known = _known(answers, predictions).notna().to_numpy()
    wanted = _known(answers, predictions).to_numpy()[known]
    return float(mean_absolute_percentage_error(wanted, numbers(predictions)[known]))


def smape(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """From 0 to 2; 0 of two zeros."""
    wanted, found = _known(answers, predictions).to_numpy(float), numbers(predictions)
    both = (np.abs(wanted) + np.abs(found)) / 2
    return float(np.nanmean(np.abs(wanted - found) / np.where(both == 0, 1, both)))


def correlation(method: Literal["pearson", "spearman"]) -> Value:
    """The mean of the columns'."""

    def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
        return float(np.mean([wanted.corr(found, method=method) for wanted, found in _columns(answers, predictions)]))

    return value


def concordance(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The mean of the columns' concordance, by correlation and standard deviations."""
    scores = []
    for wanted, found in _columns(answers, predictions):
        spreads, distance = (wanted.std(ddof=0), found.std(ddof=0)), wanted.mean() - found.mean()
        together = 2 * wanted.corr(found) * spreads[0] * spreads[1]
        scores.append(together / (spreads[0] ** 2 + spreads[1] ** 2 + distance**2))
    return float(np.mean(scores))


def rmsle(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    from sklearn.metrics import root_mean_squared_log_error

    known = _known(answers, predictions).notna().to_numpy()
    return float(
        root_mean_squared_log_error(_known(answers, predictions).to_numpy()[known], numbers(predictions)[known])
    )


def r2(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The mean of the columns' R2."""
    from sklearn.metrics import r2_score

    wanted, found = _known(answers, predictions), pd.DataFrame(numbers(predictions), columns=predictions.columns)
    rows = {name: wanted[name].notna().to_numpy() for name in wanted}
    return float(np.mean([r2_score(wanted[name][rows[name]], found[name][rows[name]]) for name in wanted]))


def weighted_r2(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Of one column, with the answers' column `Weight`."""
    from sklearn.metrics import r2_score

    wanted = _known(answers, predictions).to_numpy()[:, 0]
    return float(r2_score(wanted, numbers(predictions)[:, 0], sample_weight=weights_of_rows(answers)))


def probabilistic_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """2 PR / (P + R) with sums of probabilities in the place of counts; where a value is NaN, a valid 0."""
    wanted = ones(answers, predictions)[:, 0]
    values = predictions.iloc[:, 0].apply(pd.to_numeric, errors="coerce").clip(0, 1).to_numpy(dtype=float)
    hits, false_hits = values[wanted].sum(), values[~wanted].sum()
    if not hits > 0 or np.isnan(false_hits):
        return 0.0
    precision, recall = hits / (hits + false_hits), hits / wanted.sum()
    return float(2 * precision * recall / (precision + recall))


def _columns(answers: pd.DataFrame, predictions: pd.DataFrame) -> Iterator[tuple[pd.Series, pd.Series]]:
    """Of each column the answers that there are, and their predictions; neither of which may all be the same."""
    table, found = _known(answers, predictions), numbers(predictions)
    for place, name in enumerate(predictions):
        known = table.iloc[:, place].notna().to_numpy()
        wanted, guesses = table.iloc[:, place][known], pd.Series(found[known, place], index=table.index[known])
        if min(wanted.nunique(), guesses.nunique()) < 2:
            raise Unacceptable(f"Evaluation error: column '{name}' has no correlation, its values are constant")
        yield wanted, guesses


def _known(answers: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """The answers' columns as the predictions have them; NaN where there is none."""
    columns = answers if answers.shape[1] == 1 else answers[list(predictions.columns)]
    return columns.apply(pd.to_numeric, errors="coerce").reset_index(drop=True)


def _errors(answers: pd.DataFrame, predictions: pd.DataFrame) -> np.ndarray:
    return _known(answers, predictions).to_numpy(float) - numbers(predictions)
