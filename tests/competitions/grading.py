"""The graders' rules, as MLE-bench (openai/mle-bench) applies them: what makes a submission invalid, and its score."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

SUM_TOLERANCE = 1.1e-5


class Invalid(Exception):
    """The grader would refuse the submission."""


def read(path: Path, ids: Sequence[str], columns: Sequence[str], exact: bool = False) -> pd.DataFrame:
    """The submission's `columns` (the id first) by id, in the order of `ids`; other columns are ignored unless `exact`.

    Read as graders read: pandas guesses the types. The order of rows is free, their set and number are not.
    """
    table = pd.read_csv(path)
    if exact and list(table.columns) != list(columns):
        raise Invalid(f"the columns are {list(table.columns)}")
    if not set(columns) <= set(table.columns):
        raise Invalid(f"a column is missing, found {list(table.columns)}")
    written = pd.read_csv(path, dtype={columns[0]: str}, usecols=[columns[0]])[columns[0]]
    if sorted(written) != sorted(ids):
        raise Invalid("the ids are not those of the test rows")
    return table[list(columns)[1:]].set_index(pd.Index(written)).loc[list(ids)]


def texts(path: Path, ids: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """The submission's fields as the local judge reads them, in the order of `ids`."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.set_index(columns[0]).loc[list(ids), list(columns)[1:]].reset_index(drop=True)


def frame(columns: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """Of texts, as a solution's file."""
    return pd.DataFrame({name: [str(value) for value in values] for name, values in columns.items()})


def numbers(values: pd.DataFrame, lowest: float = -np.inf, highest: float = np.inf) -> np.ndarray:
    """All columns as numbers within the range; NaN is invalid."""
    array = values.to_numpy(np.float64)
    if not ((array >= lowest) & (array <= highest)).all():
        raise Invalid(f"a number is not from {lowest} to {highest}")
    return array


def distributions(values: pd.DataFrame) -> np.ndarray:
    """Probabilities from 0 to 1 whose rows sum to one."""
    array = numbers(values, 0, 1)
    if not np.isclose(array.sum(axis=1), 1, rtol=0, atol=SUM_TOLERANCE).all():
        raise Invalid("a row does not sum to one")
    return array


def integers(values: pd.Series) -> pd.Series:
    """Labels of the answers' type: pandas must have read them as integers."""
    if values.dtype.kind != "i":
        raise Invalid(f"the labels are {values.dtype}, not integers")
    return values.astype("str")


def words(values: pd.Series, most: int | None = None) -> list[list[str]]:
    """Space-separated labels. A column that pandas takes for numbers has no `.str`: the grader would end there."""
    if values.notna().any() and values.dtype.kind in "iuf":
        raise Invalid("every row has a single number: the grader fails on it")
    lists = [text.split(" ") if isinstance(text, str) else [] for text in values]
    if any("" in labels for labels in lists) or (most is not None and any(len(labels) > most for labels in lists)):
        raise Invalid(f"a blank too many, or more than {most} labels")
    return lists


def of(answers: Mapping[str, object]) -> list[object]:
    return list(answers.values())
