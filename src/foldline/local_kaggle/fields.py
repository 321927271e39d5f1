"""What a host reads from a submission's fields, and when it cannot."""

import numpy as np
import pandas as pd

from foldline.files.refusal import listed

SUM_TOLERANCE = 1.1e-5
"""How far from one the host lets a row of probabilities sum."""


class Unacceptable(Exception):
    """Why a host answers a submission with ERROR instead of a score; its text is the `errorDescription`."""


def probabilities(predictions: pd.DataFrame) -> np.ndarray:
    """rows x columns, each in [0, 1]."""
    values = numbers(predictions)
    outside = (values < 0) | (values > 1)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise Unacceptable(
            f"Evaluation error: values must lie in [0, 1], found {values[row, column]:g} in column "
            f"'{predictions.columns[column]}' for id '{predictions.index[row]}'"
        )
    return values


def distributions(predictions: pd.DataFrame) -> np.ndarray:
    """rows x classes, each row summing to one."""
    values = probabilities(predictions)
    sums = values.sum(axis=1)
    uneven = np.flatnonzero(np.abs(sums - 1) > SUM_TOLERANCE)
    if len(uneven):
        raise Unacceptable(
            f"Evaluation error: each row must sum to 1, the row of id '{predictions.index[uneven[0]]}' sums to "
            f"{sums[uneven[0]]:.6f}"
        )
    return values


def numbers(predictions: pd.DataFrame) -> np.ndarray:
    """rows x columns, all finite."""
    values = predictions.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise Unacceptable(
            f"Evaluation error: the value '{predictions.iat[row, column]}' in column '{predictions.columns[column]}' "
            f"for id '{predictions.index[row]}' is not a finite number"
        )
    return values


def zeros_and_ones(predictions: pd.DataFrame) -> np.ndarray:
    """rows x columns, int."""
    values = numbers(predictions)
    other = values[(values != 0) & (values != 1)]
    if len(other):
        raise Unacceptable(f"Evaluation error: Classification metrics need 0 or 1, found {other[0]:g}")
    return values.astype(int)


def labels(answers: pd.DataFrame, predictions: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Both as text. Where the answers are whole numbers, so must the predictions be."""
    wanted, found = answers.iloc[:, 0], predictions.iloc[:, 0]
    if (found == "").any():
        raise Unacceptable(f"Evaluation error: {int((found == '').sum())} rows have no label")
    if wanted.str.fullmatch(r"-?\d+").all():
        others = found[~found.str.fullmatch(r"-?\d+")]
        if len(others):
            raise Unacceptable(f"Evaluation error: labels must be whole numbers, found {listed(others.unique(), 3)}")
    return wanted, found


def lists(predictions: pd.DataFrame) -> list[list[str]]:
    """The labels of each row. A column of single whole numbers is read as numbers, which cannot be split."""
    texts = predictions.iloc[:, 0]
    if texts.str.fullmatch(r"(-?\d+)?").all():
        raise Unacceptable("Evaluation error: Can only use .str accessor with string values!")
    return [text.split() for text in texts]


def ones(answers: pd.DataFrame, predictions: pd.DataFrame) -> np.ndarray:
    """rows x columns: whether the answer is 1; the answers' columns as the predictions have them. One column of labels,
    where the predictions have one for each, says which of these is 1."""
    if answers.shape[1] == 1 and predictions.shape[1] > 1:
        return np.column_stack([answers.iloc[:, 0] == name for name in predictions])
    columns = answers if answers.shape[1] == 1 else answers[list(predictions.columns)]
    return numbers(columns) == 1


def weights_of_rows(answers: pd.DataFrame) -> np.ndarray:
    """The answers' column `Weight`."""
    return numbers(answers[["Weight"]])[:, 0]
