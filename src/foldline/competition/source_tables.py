"""The competition's own csv files, read as text: the id 007 stays 007, a class may be called NA."""

import difflib
import io
from collections.abc import Iterable
from pathlib import PurePosixPath

import pandas as pd

from foldline.archives import Archives
from foldline.refusal import Refusal, listed


def read_source_table(archives: Archives, name: str) -> pd.DataFrame:
    """Every field as text as it is written; an empty field is the empty text.

    Raises Refusal when there is no file `name`, or when it is not a csv in UTF-8.
    """
    if name not in archives.names:
        tables = [path for path in archives.names if PurePosixPath(path).suffix == ".csv"]
        raise Refusal(
            f"{archives.folder}: there is no table `{name}`.{suggestion(name, tables)} Found {listed(tables)}. "
            "Correct its name in the card."
        )
    try:
        table = pd.read_csv(
            io.BytesIO(archives.read(name)), dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8-sig"
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise Refusal(f"{archives.folder}: `{name}` is not a csv in UTF-8 ({error}). Download it anew.") from None
    if table.empty:
        raise Refusal(f"{archives.folder}: `{name}` has no rows. Name another table in the card, or download it anew.")
    return table


def column(table: pd.DataFrame, name: str, source: str, fact: str) -> pd.Series:
    """The column `name` of the table that was read from `source`; `fact` is the place in the card that names it."""
    if name not in table.columns:
        raise Refusal(
            f"{source} has no column `{name}`, which the card's {fact} names.{suggestion(name, table.columns)} "
            f"Found {listed(table.columns, 20)}. Correct the card."
        )
    return table[name]


def suggestion(name: str, valid: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(valid), n=1)
    return f" Did you mean `{close[0]}`?" if close else ""
