"""The competition's own tables, read as text: the id 007 stays 007, a class may be called NA."""

import difflib
import io
import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from foldline.archives import Archives
from foldline.refusal import Refusal, listed

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".parquet")
SEPARATORS = (",", "\t", ";", " ")
WHOLE_NUMBER = re.compile(r"^(-?\d+)\.0$")


def read_header(archives: Archives, name: str) -> tuple[str, ...]:
    """The columns of the table `name`. Raises Refusal when there is no such file, or when it is not a table."""
    refuse_absent_file(archives, name, TABLE_SUFFIXES)
    return tuple(_parse(archives, name, nrows=0).columns)


def read_columns(archives: Archives, name: str, wanted: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """The wanted columns of the table `name`: every field as text as it is written, an empty one as the empty text.

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


def read_joined(archives: Archives, names: tuple[str, ...], wanted: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """As `read_columns`: the lines of the first table, with those of the others that agree in all common columns.

    Raises Refusal when a table has no column in common with those before it.
    """
    wanted = tuple(wanted)
    if len(names) == 1:
        return read_columns(archives, names[0], wanted)
    headers = {name: read_header(archives, name) for name in names}
    known = set(headers[names[0]])
    columns = {column for _, column in wanted}
    joints = {}
    for name in names[1:]:
        joints[name] = sorted(known & set(headers[name]))
        known |= set(headers[name])
        if not joints[name]:
            raise Refusal(
                f"{archives.folder}: `{name}` has no column in common with the tables before it in the card's list: "
                f"it has {listed(headers[name], 20)}. Correct the card."
            )
    for fact, column in wanted:
        if column not in known:
            raise Refusal(
                f"{archives.folder}: none of {listed(names)} has the column `{column}`, which the card's {fact} names."
                f"{suggestion(column, known)} Found {listed(sorted(known), 20)}. Correct the card."
            )
    needed = columns.union(*joints.values())
    parts = [read_columns(archives, name, [("", c) for c in headers[name] if c in needed]) for name in names]
    joined = parts[0]
    for name, part in zip(names[1:], parts[1:], strict=True):
        joined = joined.merge(part, "left", joints[name])
    return joined.fillna("")[sorted(columns)].astype("str")


def refuse_absent_file(archives: Archives, name: str, suffixes: tuple[str, ...]) -> None:
    """Raises Refusal with close names when the archives have no file `name`."""
    if name not in archives.names:
        tables = [path for path in archives.names if PurePosixPath(path).suffix.lower() in suffixes]
        raise Refusal(
            f"{archives.folder}: there is no table `{name}`.{suggestion(name, tables)} Found {listed(tables)}. "
            "Correct its name in the card."
        )


def suggestion(name: str, valid: Iterable[str]) -> str:
    """A hint for a message, whatever the case of the letters; empty when nothing is near."""
    by_letters = {candidate.casefold(): candidate for candidate in valid}
    close = difflib.get_close_matches(name.casefold(), list(by_letters), n=1)
    return f" Did you mean `{by_letters[close[0]]}`?" if close else ""


def as_text(value: Any) -> str:
    """A value of json or parquet as a csv would write it; a list with blanks between its items."""
    if isinstance(value, list):
        return " ".join(as_text(item) for item in value)
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, bool):
        return str(int(value))
    # A column of whole numbers with a gap is one of floats.
    return WHOLE_NUMBER.sub(r"\1", str(value))


def _parse(archives: Archives, name: str, usecols: list[str] | None = None, nrows: int | None = None) -> pd.DataFrame:
    content = archives.read(name)
    suffix = PurePosixPath(name).suffix.lower()
    try:
        if suffix == ".json":
            return _as_texts(pd.DataFrame(json.loads(content)), usecols)
        if suffix == ".parquet":
            return _as_texts(pd.read_parquet(io.BytesIO(content), columns=usecols), usecols)
        return pd.read_csv(
            io.BytesIO(content),
            sep=_separator(content),
            dtype=str,
            na_filter=False,
            # Else a comma at the end of every line turns the first column into an index, shifting the others.
            index_col=False,
            encoding="utf-8-sig",
            usecols=usecols,
            nrows=nrows,
        )
    except (ValueError, UnicodeDecodeError) as error:
        kind = "csv in UTF-8" if suffix not in (".json", ".parquet") else f"{suffix[1:]} table"
        raise Refusal(f"{archives.folder}: `{name}` is not a {kind} ({error}). Download it anew.") from None


def _separator(content: bytes) -> str:
    header = content[: content.find(b"\n")].decode("utf-8", "replace")
    return next((separator for separator in SEPARATORS if separator in header), ",")


def _as_texts(table: pd.DataFrame, columns: list[str] | None) -> pd.DataFrame:
    chosen = table if columns is None else table[columns]
    return chosen.map(as_text).astype("str")
