"""Which rows the arrays `<part>.npy` of a folder hold, two parts of them: `ids.parquet`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.files.truths import read_parquet, require_among, require_filled, require_unique

KEY = ("part", "row_id")


def write_ids(folder: Path, ids: Mapping[str, Sequence[str]], **columns: np.ndarray) -> None:
    """`ids`: of the rows of each part, in the order of its array. columns: of all rows, one part after the other."""
    parts = [part for part, of_part in ids.items() for _ in of_part]
    table = pd.DataFrame({"part": parts, "row_id": [one for of_part in ids.values() for one in of_part], **columns})
    require_unique(table, folder / "ids.parquet", KEY)
    table.to_parquet(folder / "ids.parquet", index=False)


def read_ids(folder: Path, parts: Sequence[str], *columns: str) -> list[pd.DataFrame]:
    """The table's rows of each part. Raises Refusal when it is missing, or when a row is."""
    path = folder / "ids.parquet"
    table = read_parquet(path, (*KEY, *columns))
    require_filled(table, path, (*KEY, *columns))
    require_unique(table, path, KEY)
    require_among(table, path, "part", parts)
    return [table[table["part"] == part] for part in parts]
