"""How the local Kaggle scores: written apart from `foldline.competition`, so that the judge is not the judged.

A further metric is one function from answers and predictions (rows aligned, text as the csv holds it) to a number,
and one line in SCORES.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from foldline.refusal import listed

SUM_TOLERANCE = 1.1e-5
"""How far from one the host lets a row of probabilities sum."""


class Unacceptable(Exception):
    """Why a host answers a submission with ERROR instead of a score; its text is the `errorDescription`."""


@dataclass(frozen=True)
class Score:
    """`value(answers, predictions)`: one table of the answers' columns, one of the sample submission's."""

    value: Callable[[pd.DataFrame, pd.DataFrame], float]
    higher_is_better: bool


def log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Multiclass log loss as scikit-learn clips it (2.2e-16); `answers` is one column of labels or one-hot columns."""
    classes = list(predictions.columns)
    probabilities = _probabilities(predictions)
    labels = answers.iloc[:, 0] if answers.shape[1] == 1 else answers.astype(float).idxmax(axis=1)
    unknown = sorted(set(labels) - set(classes))
    if unknown:
        raise Unacceptable(f"Evaluation error: no column for the class {listed(unknown)}")
    right = probabilities[np.arange(len(labels)), [classes.index(str(label)) for label in labels]]
    smallest = np.finfo(float).eps
    return float(-np.log(np.clip(right, smallest, 1 - smallest)).mean())


def accuracy(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The share of rows whose one label is right, as text."""
    labels = predictions.iloc[:, 0]
    if (labels == "").any():
        raise Unacceptable(f"Evaluation error: {int((labels == '').sum())} rows have no label")
    return float((answers.iloc[:, 0] == labels).mean())


SCORES = {
    "accuracy": Score(accuracy, higher_is_better=True),
    "log_loss": Score(log_loss, higher_is_better=False),
}


def _probabilities(predictions: pd.DataFrame) -> np.ndarray:
    values = _numbers(predictions)
    outside = (values < 0) | (values > 1)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise Unacceptable(
            f"Evaluation error: values must lie in [0, 1], found {values[row, column]:g} in column "
            f"'{predictions.columns[column]}' for id '{predictions.index[row]}'"
        )
    sums = values.sum(axis=1)
    uneven = np.flatnonzero(np.abs(sums - 1) > SUM_TOLERANCE)
    if len(uneven):
        raise Unacceptable(
            f"Evaluation error: each row must sum to 1, the row of id '{predictions.index[uneven[0]]}' sums to "
            f"{sums[uneven[0]]:.6f}"
        )
    return values


def _numbers(predictions: pd.DataFrame) -> np.ndarray:
    values = predictions.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise Unacceptable(
            f"Evaluation error: the value '{predictions.iat[row, column]}' in column '{predictions.columns[column]}' "
            f"for id '{predictions.index[row]}' is not a finite number"
        )
    return values
