"""`folds.csv`: the fold of every train row, in the order of rows.parquet."""

from pathlib import Path

import pandas as pd

from foldline.files import whole_file
from foldline.tables.truths import read_csv, require_filled, require_unique

COLUMNS = ("row_id", "fold", "cluster")
"""fold: 0 .. count - 1, where the row is validated. cluster: the number of the rows that must stay together."""


def read_folds(path: Path) -> pd.DataFrame:
    folds = read_csv(path, COLUMNS, {"row_id": str})
    _check(folds, path)
    return folds.astype({"fold": "int64", "cluster": "int64"})


def write_folds(path: Path, folds: pd.DataFrame) -> None:
    _check(folds, path)
    with whole_file(path) as partial:
        folds.to_csv(partial, index=False, lineterminator="\n")


def _check(folds: pd.DataFrame, path: Path) -> None:
    require_filled(folds, path, COLUMNS)
    require_unique(folds, path, ("row_id",))
