"""`rows.parquet`: one row per thing to predict, train rows first, each part in the order of its source table; and
`targets.npy`: the graded targets, typed, of its train rows in their order.

`prepare` writes both, and nothing ever changes the targets: validation, grading and gains read these alone. A target is
a position among the classes (int64); one per column of a target of several labels (int64, NO_TARGET where a label is
missing); 0 and 1 per class (uint8); or a number per class or column (float32, NaN where it is missing).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from foldline.files.hashes import require_intact
from foldline.files.reading import reading
from foldline.files.refusal import Refusal, listed
from foldline.files.truths import (
    CURE,
    read_parquet,
    require_among,
    require_columns,
    require_filled,
    require_types,
    require_unique,
)
from foldline.files.whole_files import numbers_file

COLUMNS = ("part", "row_id", "group")
"""part: `train` or `test`. row_id: text, as the competition writes it, unique within a part.
group: text or missing. The card's features follow as `tabular:<name>`, finite numbers or text, either of which may be
missing. The train rows' targets are in targets.npy.
"""
TABULAR = "tabular:"


def read_rows(path: Path) -> pd.DataFrame:
    rows = read_parquet(path, COLUMNS)
    _check(rows, path)
    return rows


def write_rows(path: Path, rows: pd.DataFrame) -> None:
    _check(rows, path)
    with numbers_file(path) as partial:
        rows.to_parquet(partial, index=False)


def tabular_columns(rows: pd.DataFrame) -> list[str]:
    """The features' columns, in the table's order."""
    return [column for column in rows.columns if column.startswith(TABULAR)]


def _check(rows: pd.DataFrame, path: Path) -> None:
    require_columns(rows, path, COLUMNS)
    require_filled(rows, path, ("part", "row_id"))
    require_types(rows, path, text=("part", "row_id"))
    require_among(rows, path, "part", ("train", "test"))
    require_unique(rows, path, ("part", "row_id"))
    for column in tabular_columns(rows):
        if not (pd.api.types.is_string_dtype(rows[column]) or pd.api.types.is_float_dtype(rows[column])):
            raise Refusal(f"{path}: `{column}` is {rows[column].dtype}, a feature is float64 or text. {CURE}")
        infinite = rows.index[rows[column].isin([np.inf, -np.inf])]
        if len(infinite):
            raise Refusal(f"{path}: `{column}` is infinite in row {infinite[0]}. {CURE}")
    is_train = rows["part"] == "train"
    if not is_train.is_monotonic_decreasing:
        late = (is_train & ~is_train.shift(fill_value=True)).idxmax()
        raise Refusal(f"{path}: row {late} breaks the order: train rows come first. {CURE}")


NO_TARGET = -1

Targets = Shaped[np.ndarray, "rows ..."]


def write_targets(path: Path, targets: Targets) -> None:
    with numbers_file(path) as partial, partial.open("wb") as file:
        np.save(file, targets)


def read_targets(path: Path, rows: pd.DataFrame, classes: Sequence[str]) -> Targets:
    """rows: the table rows.parquet. Raises Refusal where the file is of other rows or classes."""
    train = int((rows["part"] == "train").sum())
    with reading(path, "a readable .npy file", "Run `dvc repro -f -s prepare`."):
        require_intact(path)
        targets = np.asarray(np.load(path, allow_pickle=False))
    if targets.shape[:1] != (train,) or not _are_of(targets, len(classes)):
        raise Refusal(
            f"{path} holds {targets.dtype} of {targets.shape}, or infinite numbers, which are not the targets of the "
            f"{train:,} train rows and {len(classes):,} classes of rows.parquet and classes.json: they are of "
            "different runs. Run `dvc repro -f -s prepare`."
        )
    return targets


def _are_of(targets: Targets, classes: int) -> bool:
    if targets.dtype == np.int64:
        return targets.ndim in (1, 2) and bool(np.all((targets >= NO_TARGET) & (targets < classes)))
    # NaN is a number that is missing.
    return targets.dtype in (np.uint8, np.float32) and targets.shape[1:] == (classes,) and not np.isinf(targets).any()


def positions_of(rows: pd.DataFrame, ids: Sequence[str]) -> Shaped[np.ndarray, " ids"]:
    """Of each id the position among the train rows. Raises Refusal when one is not there."""
    positions = pd.Index(rows.loc[rows["part"] == "train", "row_id"]).get_indexer(pd.Index(ids))
    if len(positions) and positions.min() < 0:
        unknown = [ids[row] for row in np.flatnonzero(positions < 0).tolist()]
        raise Refusal(f"rows.parquet has no train rows {listed(unknown)}. Run `dvc repro` from `prepare` on.")
    return positions
