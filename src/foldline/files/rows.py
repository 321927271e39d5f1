"""`rows.parquet`: one row per thing to predict, train rows first, each part in the order of its source table."""

from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype, is_string_dtype

from foldline.files.refusal import Refusal
from foldline.files.truths import CURE, read_parquet, require_among, require_columns, require_filled, require_unique
from foldline.files.whole_files import whole_file

COLUMNS = ("part", "row_id", "group")
"""part: `train` or `test`. row_id: text, as the competition writes it, unique within a part.
group: text or missing. The card's features follow as `side:<name>`, finite numbers or text, either of which may be
missing. The train rows' targets are in targets.npy.
"""
SIDE = "side:"


def read_rows(path: Path) -> pd.DataFrame:
    rows = read_parquet(path, COLUMNS)
    _check(rows, path)
    return rows


def write_rows(path: Path, rows: pd.DataFrame) -> None:
    _check(rows, path)
    with whole_file(path) as partial:
        rows.to_parquet(partial, index=False)


def side_columns(rows: pd.DataFrame) -> list[str]:
    """The features' columns, in the table's order."""
    return [column for column in rows.columns if column.startswith(SIDE)]


def _check(rows: pd.DataFrame, path: Path) -> None:
    require_columns(rows, path, COLUMNS)
    require_filled(rows, path, ("part", "row_id"))
    require_among(rows, path, "part", ("train", "test"))
    require_unique(rows, path, ("part", "row_id"))
    for column in side_columns(rows):
        if not (is_string_dtype(rows[column]) or is_float_dtype(rows[column])):
            raise Refusal(f"{path}: `{column}` is {rows[column].dtype}, a feature is float64 or text. {CURE}")
        infinite = rows.index[rows[column].isin([np.inf, -np.inf])]
        if len(infinite):
            raise Refusal(f"{path}: `{column}` is infinite in row {infinite[0]}. {CURE}")
    is_train = rows["part"] == "train"
    if not is_train.is_monotonic_decreasing:
        late = (is_train & ~is_train.shift(fill_value=True)).idxmax()
        raise Refusal(f"{path}: row {late} breaks the order: train rows come first. {CURE}")
