"""`folds.csv`: the fold of every train row with a readable image, in the order of rows.parquet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from foldline.files.refusal import Refusal, listed
from foldline.files.truths import (
    CURE,
    read_csv,
    require_columns,
    require_filled,
    require_types,
    require_unique,
    write_csv,
)

COLUMNS = ("row_id", "fold", "cluster")
"""fold: 0 .. count - 1, where the row is validated. cluster: the number of the rows that must stay together."""


def read_folds(path: Path) -> pd.DataFrame:
    folds = read_csv(path, COLUMNS, {"row_id": str})
    _check(folds, path)
    return folds


def write_folds(path: Path, folds: pd.DataFrame) -> None:
    _check(folds, path)
    write_csv(path, folds)


def _check(folds: pd.DataFrame, path: Path) -> None:
    require_columns(folds, path, COLUMNS)
    require_filled(folds, path, COLUMNS)
    require_unique(folds, path, ("row_id",))
    require_types(folds, path, whole=("fold", "cluster"))
    found = sorted(folds["fold"].unique())
    if found != list(range(len(found))):
        raise Refusal(f"{path}: `fold` must count from 0 without a gap, found {listed(found)}. {CURE}")
    folds_of_cluster = folds.groupby("cluster")["fold"].nunique()
    if (folds_of_cluster > 1).any():
        straddling = folds_of_cluster.index[folds_of_cluster > 1]
        raise Refusal(f"{path}: {len(straddling)} clusters straddle folds, the first is {straddling[0]}. {CURE}")
