"""`duplicates.csv`: pairs of images of different rows that show the same, verified on pixels."""

from pathlib import Path

import pandas as pd

from foldline.files.truths import read_csv, require_among, require_columns, require_filled
from foldline.files.whole_files import whole_file

COLUMNS = (
    "finding",
    "first_path",
    "second_path",
    "first_part",
    "second_part",
    "first_target",
    "second_target",
)
"""finding: `train and test` (a leak), `conflict` (two train rows with different targets), or `same`.
Of n equal images n - 1 pairs or more are listed: they connect all. Targets are missing for test rows."""
FINDINGS = ("same", "train and test", "conflict")


def read_duplicates(path: Path) -> pd.DataFrame:
    duplicates = read_csv(path, COLUMNS, dict.fromkeys(COLUMNS, str))
    _check(duplicates, path)
    return duplicates


def write_duplicates(path: Path, duplicates: pd.DataFrame) -> None:
    _check(duplicates, path)
    with whole_file(path) as partial:
        duplicates.to_csv(partial, index=False, lineterminator="\n")


def _check(duplicates: pd.DataFrame, path: Path) -> None:
    require_columns(duplicates, path, COLUMNS)
    require_filled(duplicates, path, ("finding", "first_path", "second_path", "first_part", "second_part"))
    require_among(duplicates, path, "finding", FINDINGS)
