"""The competition's own tables, read as text: the id 007 stays 007, a class may be called NA."""

import csv
import io
import json
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.locating import located_file
from foldline.archive.texts import UTF_16, as_text, decoded, encoding_of, parsed_json
from foldline.archive.unpacking import unopened_archives
from foldline.files.refusal import Refusal, listed, suggestion

TYPED_SUFFIXES = (".json", ".jsonl", ".ndjson", ".parquet", ".npy")
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", *TYPED_SUFFIXES)
SEPARATORS = (",", "\t", ";", "|", " ")
WHOLE_LINES = "\x1e"
"""A separator that no text contains: with a single column name, a csv without a header is read as whole lines."""
NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")
LOOKED_AT = 4096
"""Bytes at the beginning, which tell binary files from text."""


def parse_table(
    content: bytes,
    name: str,
    names: Sequence[str] | None = None,
    usecols: list[str] | None = None,
    rows: int | None = None,
) -> pd.DataFrame:
    """The columns `usecols` (all by default) of the file `name`, of a csv at most the first `rows` lines.

    names: of the columns of a csv without a header. Raises ValueError when `content` is not such a table.
    """
    match PurePosixPath(name).suffix.lower():
        case ".json":
            table = json_table(content)
        case ".jsonl" | ".ndjson":
            table = json_lines(content)
        case ".parquet":
            table = pd.read_parquet(io.BytesIO(content), columns=usecols)
        case ".npy":
            table = _array(content)
        case _:
            return _csv(content, name, names, usecols, rows)
    return (table if usecols is None else table[usecols]).map(as_text).astype("str")


def header_fields(content: bytes, name: str) -> list[str]:
    """The column names in the first line of a csv, some of which may be empty; [] for other tables.

    name: the file's.
    """
    if PurePosixPath(name).suffix.lower() in TYPED_SUFFIXES:
        return []
    line = _first_line(content, encoding_of(content))
    return _fields(line, _separator(line))


def _first_line(content: bytes, encoding: str) -> str:
    return next(iter(content[: content.find(b"\n", 2) + 1 or None].decode(encoding, "replace").splitlines()), "")


def _separator(line: str) -> str:
    return next((separator for separator in SEPARATORS if separator in line), ",")


def _fields(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator, skipinitialspace=separator == " "), [])


def _refuse_repeated(fields: Sequence[str], name: str) -> None:
    repeated = {field for field in fields if field and fields.count(field) > 1}
    if repeated:
        renamed = [f"{field}_{fields[:place].count(field) + 1}" if field in repeated else field or f"column_{place}"
                for place, field in enumerate(fields)]  # fmt: skip
        raise ValueError(
            f"duplicate column names in the header: {listed(sorted(repeated))}. Instead of its name write {{kind: "
            f"headerless, name: {name}, columns: [{', '.join(renamed)}]}}, which renames them, and drop the "
            "header line in a function of your own (docs/own-code.md): table[1:]"
        )


def _csv(
    content: bytes, name: str, names: Sequence[str] | None, usecols: list[str] | None, rows: int | None
) -> pd.DataFrame:
    if not content.startswith(UTF_16) and NOT_TEXT.search(content, 0, LOOKED_AT):
        raise ValueError(f"it is not text: it begins with {content[:8]!r}; write it as one of {listed(TABLE_SUFFIXES)}")
    encoding = encoding_of(content)
    line = _first_line(content, encoding)
    separator = WHOLE_LINES if names is not None and len(names) == 1 else _separator(line)
    fields = _fields(line, separator)
    if names is None:
        _refuse_repeated(fields, name)
    elif len(fields) != len(names):
        raise ValueError(
            f"its lines have {len(fields)} fields, the card names {len(names)}; the first line is {line.strip()!r}. "
            "A single name reads whole lines, which a function of your own may split"
        )
    if rows is None:
        _refuse_longer_lines(io.TextIOWrapper(io.BytesIO(content), encoding, newline=""), len(fields), separator)
    with warnings.catch_warnings(action="ignore", category=pd.errors.ParserWarning):  # on trailing empty fields
        return pd.read_csv(
            io.BytesIO(content),
            sep=separator,
            skipinitialspace=separator == " ",  # text aligned in columns has several spaces between fields
            dtype=str,
            na_filter=False,
            # Otherwise a trailing comma on every line turns the first column into an index and shifts the others.
            index_col=False,
            encoding=encoding,
            header=0 if names is None else None,
            names=None if names is None else list(names),
            usecols=usecols,
            nrows=rows,
        )


def _refuse_longer_lines(lines: Iterable[str], most: int, separator: str) -> None:
    """pandas does so itself, but not with `usecols`: then it silently drops the surplus fields.

    Empty fields at the end of a line are ignored. Raises ValueError.
    """
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator == " ")
    try:
        for fields in reader:
            if len(fields) > most and any(fields[most:]):
                raise ValueError(
                    f"line {reader.line_num} has {len(fields)} fields, the first line {most}: {listed(fields, 8)}. "
                    f"Put a field that holds {separator!r} in quotes, or name a single column of kind "
                    "`headerless`, which reads whole lines"
                )
    except csv.Error:
        return  # a field too long for this reader, such as an image, which pandas reads


def _array(content: bytes) -> pd.DataFrame:
    array: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    if array.ndim == 1:
        return pd.DataFrame({VALUE: array})
    if array.ndim != 2:
        raise ValueError(f"its shape is {array.shape}: a table has one or two dimensions")
    return pd.DataFrame(array, columns=[str(place) for place in range(array.shape[1])])


KEY, VALUE = "key", "value"
"""The columns of a flat JSON object: `{"1.png": "cat"}`; a one-dimensional array has the second, an object of rows the
first."""
ANOTHER_VALUE = "Extra data"
"""What json says when a second value follows: a file called .json may be one of JSON lines."""


def json_table(content: bytes) -> pd.DataFrame:
    """Raises ValueError for what is not a table."""
    try:
        parsed = parsed_json(content)
    except json.JSONDecodeError as error:
        if error.msg != ANOTHER_VALUE:
            raise
        return json_lines(content)
    if isinstance(parsed, dict) and isinstance(parsed.get("images"), list):
        raise ValueError(f"it is an object with {listed(parsed)}, which a layout of kind `coco` reads")
    if isinstance(parsed, dict) and not any(isinstance(value, dict | list) for value in parsed.values()):
        return pd.DataFrame({KEY: list(parsed), VALUE: list(parsed.values())})
    if isinstance(parsed, dict) and _is_of_records(list(parsed.values())):
        return pd.DataFrame([{KEY: key} | record | {KEY: key} for key, record in parsed.items()])
    return pd.DataFrame(parsed)


def _is_of_records(values: list[Any]) -> bool:
    """Whether the objects in an object are rows (`{"a.mp4": {"label": "FAKE"}}`), and not columns by row number, as
    pandas writes them."""
    if not values or not all(isinstance(value, dict) for value in values):
        return False
    keys = {key for value in values for key in value}
    return len(keys) <= len(values) and keys != {str(place) for place in range(len(keys))}


def json_lines(content: bytes) -> pd.DataFrame:
    """A table of one object per line."""
    # Not `splitlines`, which also splits at characters that JSON strings may contain.
    return pd.DataFrame([json.loads(line) for line in decoded(content).split("\n") if line.strip()])


def described_places(lines: pd.Index, most: int = 3) -> str:
    """`on line 2, 3`, as an editor counts them; `for image_id 7, 8` where the index has a name.

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
    """The wanted columns of the table `name`: every field as text, as it is written; an empty one is the empty string.

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
    """As `parse_table`. Raises Refusal when there is no such file, or when it is not a table."""
    name = existing_file(archives, name, TABLE_SUFFIXES)
    try:
        return parse_table(archives.read(name), name, names, usecols, rows)
    except ValueError as error:
        raise Refusal(
            f"{archives.folder}: `{name}` is not a readable table ({error}). Name another in the card, or "
            "download it again."
        ) from None


def refuse_empty_table(archives: Archives, table: pd.DataFrame, name: str) -> None:
    if table.empty:
        raise Refusal(f"{archives.folder}: `{name}` has no rows. Name another table in the card, or download it again.")


def refuse_absent_columns(wanted: Iterable[tuple[str, str]], found: Sequence[str], source: str) -> None:
    """wanted: as in `read_columns`. source: what has the columns `found`, for the message."""
    for fact, column in wanted:
        if column not in found:
            # Quotes show spaces around a name.
            shown = [name if name == name.strip() else repr(name) for name in found]
            raise Refusal(
                f"{source} has no column `{column}`, which the card's {fact} names.{_cure(column, found)} "
                f"Found {listed(shown, 20)}. Correct the card."
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
