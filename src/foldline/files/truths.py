"""Checks of every table whenever it is read; each refusal names the file, the column and the remedy."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from foldline.files.hashes import FIELD, UNHASHED, require_intact
from foldline.files.reading import CURE, reading
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import numbers_file, whole_file


def read_parquet(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    with reading(path, "a readable parquet file"):
        require_intact(path)
        table = pd.read_parquet(path)
    require_columns(table, path, columns)
    return table


def read_csv(path: Path, columns: Sequence[str], types: dict[str, type]) -> pd.DataFrame:
    """`types` fixes columns that pandas would guess (an id such as 007 stays text)."""
    with reading(path, "a readable csv"):
        require_intact(path)
        # Only an empty field is missing: a class may well be called "NA" or "null". The hash stands in the first row
        # alone, of which pandas complains where a file is long.
        known = {FIELD: str, **types}
        table = pd.read_csv(path, dtype=known, keep_default_na=False, na_values=[""])  # type: ignore[arg-type]
    table = table.drop(columns=FIELD, errors="ignore")
    require_columns(table, path, columns)
    return table


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """With the file's hash in its first line, in a column of its own: for what `read_csv` reads."""
    # Of line ends Python's csv puts only its own one in quotes.
    texts = table.select_dtypes(["object", "str"])
    has_other = any(texts[name].str.contains("\r", regex=False).any() for name in texts)
    quoting = csv.QUOTE_NONNUMERIC if has_other else csv.QUOTE_MINIMAL
    hashes = [UNHASHED, *[""] * (len(table) - 1)][: len(table)]
    with (numbers_file if hashes else whole_file)(path) as partial:
        table.assign(**{FIELD: hashes}).to_csv(partial, index=False, lineterminator="\n", quoting=quoting)


def require_columns(table: pd.DataFrame, path: Path, columns: Sequence[str]) -> None:
    absent = [column for column in columns if column not in table.columns]
    if absent:
        raise Refusal(f"{path}: the column {listed(absent)} is missing, found {listed(table.columns, 20)}. {CURE}")


def require_filled(table: pd.DataFrame, path: Path, columns: Sequence[str]) -> None:
    for column in columns:
        empty = table.index[table[column].isna()]
        if len(empty):
            raise Refusal(f"{path}: {len(empty)} rows have no `{column}`, the first is row {empty[0]}. {CURE}")


def require_unique(table: pd.DataFrame, path: Path, columns: Sequence[str]) -> None:
    repeated = table[table.duplicated(list(columns))]
    if len(repeated):
        key = repeated[list(columns)].head(1).to_dict("records")[0]
        first = ", ".join(f"{column} {value!r}" for column, value in key.items())
        raise Refusal(f"{path}: {len(repeated)} rows repeat an earlier one's key, the first is {first}. {CURE}")


def require_types(table: pd.DataFrame, path: Path, text: Sequence[str] = (), whole: Sequence[str] = ()) -> None:
    """The columns hold text, or whole numbers: what comes after may compare them."""
    for columns, is_so, kind in (
        (text, pd.api.types.is_string_dtype, "text"),
        (whole, pd.api.types.is_integer_dtype, "whole numbers"),
    ):
        for column in columns:
            if not is_so(table[column]):
                raise Refusal(f"{path}: `{column}` must hold {kind}, it is {table[column].dtype}. {CURE}")


def require_among(table: pd.DataFrame, path: Path, column: str, valid: Sequence[str]) -> None:
    """Every value of `column` is one of `valid`."""
    others = table.loc[~table[column].isin(list(valid)), column]
    if len(others):
        raise Refusal(
            f"{path}: `{column}` is {others.iloc[0]!r} in row {others.index[0]}, valid are {listed(valid)}. {CURE}"
        )
