"""The competition's own tables, read as text: the id 007 stays 007, a class may be called NA."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.closed_archives import closed_archives
from foldline.archive.table_files import TABLE_SUFFIXES, parse_table
from foldline.files.refusal import Refusal, listed


def described_places(lines: pd.Index, most: int = 3) -> str:
    """`on line 2, 3`, as an editor counts them; `for image_id 7, 8` where the index has a name: there nobody counts.

    lines: the number of each line in its file, from 0; one that stands there several times, for its images, counts
    once.
    """
    places = lines.unique()
    if lines.name is not None:
        return f"for {lines.name} {listed(places, most)}"
    # The header is line 1.
    return f"on line {listed((position + 2 for position in places), most)}"


def read_header(archives: Archives, name: str) -> tuple[str, ...]:
    """The columns of the table `name`. Raises Refusal when there is no such file, or when it is not a table."""
    return tuple(read_table(archives, name, rows=0).columns)


def read_columns(
    archives: Archives, name: str, wanted: Iterable[tuple[str, str]], names: Sequence[str] | None = None
) -> pd.DataFrame:
    """The wanted columns of the table `name`: every field as text as it is written, an empty one as the empty text.

    wanted: pairs of the place in the card that names a column, for the message when it is not there, and the column.
    names: of the columns of a csv without a header.
    """
    header, wanted = names or read_header(archives, name), tuple(wanted)
    refuse_absent_columns(wanted, header, f"{archives.folder}: `{name}`")
    table = read_table(archives, name, names, usecols=list({column for _, column in wanted}))
    refuse_empty_table(archives, table, name)
    return table


def read_table(
    archives: Archives,
    name: str,
    names: Sequence[str] | None = None,
    usecols: list[str] | None = None,
    rows: int | None = None,
) -> pd.DataFrame:
    """As `table_files.parse_table`. Raises Refusal when there is no such file, or when it is not a table."""
    refuse_absent_file(archives, name, TABLE_SUFFIXES)
    try:
        return parse_table(archives.read(name), name, names, usecols, rows)
    except ValueError as error:
        raise Refusal(
            f"{archives.folder}: `{name}` is not a table that can be read ({error}). Name another in the card, or "
            "download it anew."
        ) from None


def refuse_empty_table(archives: Archives, table: pd.DataFrame, name: str) -> None:
    if table.empty:
        raise Refusal(f"{archives.folder}: `{name}` has no rows. Name another table in the card, or download it anew.")


def refuse_absent_columns(wanted: Iterable[tuple[str, str]], found: Sequence[str], source: str) -> None:
    """wanted: as in `read_columns`. source: what has the columns `found`, for the message."""
    for fact, column in wanted:
        if column not in found:
            # Blanks around a name are seen in quotes alone.
            shown = [name if name == name.strip() else repr(name) for name in found]
            raise Refusal(
                f"{source} has no column `{column}`, which the card's {fact} names.{_cure(column, found)} "
                f"Found {listed(shown, 20)}. Correct the card."
            )


def _cure(column: str, found: Sequence[str]) -> str:
    whole, _, part = column.rpartition(".")
    if whole in found:
        return (
            f" Of `{whole}` a template takes no `.{part}`, but parts by .stem, .head, .tail and [0], and zeros in "
            "front by :05."
        )
    return suggestion(column, found)


def refuse_absent_file(archives: Archives, name: str, suffixes: tuple[str, ...]) -> None:
    """Raises Refusal with close names when the archives have no file `name`."""
    if name not in archives:
        tables = [path for path in archives.names if PurePosixPath(path).suffix.lower() in suffixes]
        raise Refusal(
            f"{archives.folder}: there is no table `{name}`.{suggestion(name, tables)} Found {listed(tables)}. "
            f"Correct its name in the card.{closed_archives(archives.names)}"
        )


def suggestion(name: str, valid: Iterable[str]) -> str:
    """A hint for a message, whatever the case of the letters; empty when nothing is near."""
    by_letters = {candidate.casefold(): candidate for candidate in valid}
    close = difflib.get_close_matches(name.casefold(), list(by_letters), n=1)
    return f" Did you mean `{by_letters[close[0]]}`?" if close else ""
