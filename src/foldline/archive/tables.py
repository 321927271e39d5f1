"""The competition's own tables, read as text: the id 007 stays 007, a class may be called NA."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.containers import unopened_archives
from foldline.archive.delimited import PLAIN, Spelling
from foldline.archive.locating import located_file
from foldline.archive.table_formats import TYPED_SUFFIXES, parse_table
from foldline.files.refusal import Refusal, how, listed, marked, suggestion

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", *TYPED_SUFFIXES)


def described_lines(lines: pd.Index, most: int = 3) -> str:
    """`on line 2, 3`, as an editor counts them; `for image_id 7, 8` where the index has a name.

    lines: the number of each line in its file, from 0; one that stands there several times, for its images, counts
    once.
    """
    found = lines.unique()
    if lines.name is not None:
        return f"for {lines.name} {listed(found, most)}"
    # The header is line 1.
    return f"on line {listed((number + 2 for number in found), most)}"


def read_header(archives: Archives, name: str, spelling: Spelling = PLAIN) -> tuple[str, ...]:
    """The columns of the table `name`. Raises Refusal when there is no such file, or when it is not a table."""
    return tuple(read_table(archives, name, spelling, rows=0).columns)


def read_table(
    archives: Archives,
    name: str,
    spelling: Spelling = PLAIN,
    usecols: list[str] | None = None,
    rows: int | None = None,
) -> pd.DataFrame:
    """As `parse_table`; `archives.said` gets what a person should know. Raises Refusal when there is no such file, or
    when it is not a table."""
    name = existing_file(archives, name, TABLE_SUFFIXES)
    said: list[str] = []
    try:
        table = parse_table(archives.read(name), name, spelling, usecols, rows, said)
    except ValueError as error:
        cure = "Name another in the card, or download it again."
        raise Refusal(f"{archives.folder}: `{name}` is not a readable table{how(error, cure)}") from None
    if rows is None:
        if others := archives.others_called(name):
            said.append(f"a file of this name lies in an archive, too, and was not read: {listed(others, 3)}.")
        archives.said.setdefault(name, tuple(said) or (f"{len(table):,} rows",))
    return table


def add_doubt(archives: Archives, name: str, doubt: str) -> None:
    """What a person should know of how the table `name`, which was read, fits the others."""
    name = located_file(archives, name)
    archives.said[name] = tuple(dict.fromkeys((*archives.said[name], doubt)))


def refuse_empty_table(archives: Archives, table: pd.DataFrame, name: str) -> None:
    if table.empty:
        raise Refusal(f"{archives.folder}: `{name}` has no rows. Name another table in the card, or download it again.")


def refuse_absent_columns(wanted: Iterable[tuple[str, str]], found: Sequence[str], source: str) -> None:
    """Raises Refusal where one of the wanted is not among them.

    wanted: pairs of the place in the card that names a column, for the message, and the column. source: what has the
    columns `found`, for the message.
    """
    known = set(found)
    for fact, column in wanted:
        if column not in known:
            raise Refusal(
                f"{source} has no column `{column}`, which the card's {fact} names.{_cure(column, found)} "
                f"Found {listed(marked(found), 20)}. Correct the card."
            )


def _cure(column: str, found: Sequence[str]) -> str:
    whole, _, part = column.rpartition(".")
    if whole in found:
        return (
            f" A template has no `.{part}` for `{whole}`: it takes .stem, .head, .tail and [0], and :05 to pad "
            "with zeros."
        )
    return suggestion(column, found)


def existing_file(archives: Archives, name: str, suffixes: tuple[str, ...]) -> str:
    """The path of the file that a card calls `name`. Raises Refusal with close names when the archives have none, or
    several."""
    found = located_file(archives, name)
    if found not in archives:
        tables = [path for path in archives.names if PurePosixPath(path).suffix.lower() in suffixes]
        raise Refusal(
            f"{archives.folder}: there is no table `{name}`.{suggestion(name, tables)} Found {listed(tables)}. "
            f"Correct its name in the card.{unopened_archives(archives.names)}"
        )
    return found
