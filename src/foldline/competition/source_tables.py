"""The competition's own csv files, read as text: the id 007 stays 007, a class may be called NA."""

import difflib
import io
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from foldline.archives import Archives
from foldline.refusal import Refusal, listed


def read_header(archives: Archives, name: str) -> tuple[str, ...]:
    """The columns of the csv `name`. Raises Refusal when there is no such file, or when it is not a csv in UTF-8."""
    if name not in archives.names:
        tables = [path for path in archives.names if PurePosixPath(path).suffix == ".csv"]
        raise Refusal(
            f"{archives.folder}: there is no table `{name}`.{suggestion(name, tables)} Found {listed(tables)}. "
            "Correct its name in the card."
        )
    return tuple(_parse(archives, name, nrows=0).columns)


def read_columns(archives: Archives, name: str, wanted: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """The wanted columns of the csv `name`: every field as text as it is written, an empty one as the empty text.

    wanted: pairs of the place in the card that names a column, for the message when it is not there, and the column.
    """
    header, wanted = read_header(archives, name), tuple(wanted)
    for fact, column in wanted:
        if column not in header:
            raise Refusal(
                f"{archives.folder}: `{name}` has no column `{column}`, which the card's {fact} names."
                f"{suggestion(column, header)} Found {listed(header, 20)}. Correct the card."
            )
    table = _parse(archives, name, usecols=list({column for _, column in wanted}))
    if table.empty:
        raise Refusal(f"{archives.folder}: `{name}` has no rows. Name another table in the card, or download it anew.")
    return table


def suggestion(name: str, valid: Iterable[str]) -> str:
    """A hint for a message, whatever the case of the letters; empty when nothing is near."""
    by_letters = {candidate.casefold(): candidate for candidate in valid}
    close = difflib.get_close_matches(name.casefold(), list(by_letters), n=1)
    return f" Did you mean `{by_letters[close[0]]}`?" if close else ""


def _parse(archives: Archives, name: str, **part: Any) -> pd.DataFrame:
    content = io.BytesIO(archives.read(name))
    try:
        # Without index_col, a comma at the end of every line turns the first column into an index, shifting the others.
        return pd.read_csv(content, dtype=str, na_filter=False, index_col=False, encoding="utf-8-sig", **part)
    except (ValueError, UnicodeDecodeError) as error:
        raise Refusal(f"{archives.folder}: `{name}` is not a csv in UTF-8 ({error}). Download it anew.") from None
