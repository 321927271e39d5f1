"""A table's bytes as a table of text, whatever the format: csv in its dialects, json, parquet, an array of numpy."""

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

from foldline.refusal import listed
from foldline.texts import UTF_16, decoded, encoding_of, parsed_json

JSON_LINES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".json", *JSON_LINES, ".parquet", ".npy")
SEPARATORS = (",", "\t", ";", "|", " ")
KEY, VALUE = "key", "value"
"""The columns of a json object without tables in it: `{"1.png": "cat"}`; an array of one dimension has the second."""
WHOLE_NUMBER = re.compile(r"^(-?\d+)\.0$")
NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")
ANOTHER_VALUE = "Extra data"
"""What json says when a value follows the first: the lines of a file called .json may be values of their own."""
LOOKED_AT = 4096
"""Bytes: what is no text shows it at once."""


def parse_table(
    content: bytes,
    name: str,
    names: Sequence[str] | None = None,
    usecols: list[str] | None = None,
    rows: int | None = None,
) -> pd.DataFrame:
    """The columns `usecols` (all by default) of the file `name`, at most the first `rows` lines of a csv.

    names: of the columns of a csv without a header. Raises ValueError when `content` is no such table.
    """
    match PurePosixPath(name).suffix.lower():
        case ".json":
            return _as_texts(_json(content), usecols)
        case suffix if suffix in JSON_LINES:
            return _as_texts(_json_lines(content), usecols)
        case ".parquet":
            return _as_texts(pd.read_parquet(io.BytesIO(content), columns=usecols), usecols)
        case ".npy":
            return _as_texts(_array(content), usecols)
        case _:
            return _csv(content, names, usecols, rows)


def as_text(value: Any) -> str:
    """A value of json or parquet as a csv would write it; a list with blanks between its items."""
    if isinstance(value, list):
        return " ".join(as_text(item) for item in value)
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # A column of whole numbers with a gap is one of floats.
    return WHOLE_NUMBER.sub(r"\1", str(value))


def _csv(content: bytes, names: Sequence[str] | None, usecols: list[str] | None, rows: int | None) -> pd.DataFrame:
    if not content.startswith(UTF_16) and NO_TEXT.search(content, 0, LOOKED_AT):
        raise ValueError(f"it is no text, it begins with {content[:8]!r}; write it as one of {listed(TABLE_SUFFIXES)}")
    encoding = encoding_of(content)
    line = next(iter(content[: content.find(b"\n", 2) + 1 or None].decode(encoding, "replace").splitlines()), "")
    separator = next((separator for separator in SEPARATORS if separator in line), ",")
    # Blanks that make columns of a text are many between two fields.
    is_of_blanks = separator == " "
    fields = next(csv.reader([line], delimiter=separator, skipinitialspace=is_of_blanks), [])
    if names is None:
        repeated = {field for field in fields if field and fields.count(field) > 1}
        if repeated:
            raise ValueError(f"its header names columns twice: {listed(sorted(repeated))}")
    elif len(fields) != len(names):
        raise ValueError(
            f"its lines have {len(fields)} fields, the card names {len(names)}; the first is {line.strip()!r}"
        )
    if rows is None:
        _refuse_longer_lines(io.TextIOWrapper(io.BytesIO(content), encoding, newline=""), len(fields), separator)
    with warnings.catch_warnings(action="ignore", category=pd.errors.ParserWarning):  # of empty fields at a line's end
        return pd.read_csv(
            io.BytesIO(content),
            sep=separator,
            skipinitialspace=is_of_blanks,
            dtype=str,
            na_filter=False,
            # Else a comma at the end of every line turns the first column into an index, shifting the others.
            index_col=False,
            encoding=encoding,
            header=0 if names is None else None,
            names=None if names is None else list(names),
            usecols=usecols,
            nrows=rows,
        )


def _refuse_longer_lines(lines: Iterable[str], most: int, separator: str) -> None:
    """pandas does so itself, but not where it is asked for some columns: then it cuts what is too much, silently.

    Empty fields at a line's end are no data. Raises ValueError.
    """
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator == " ")
    try:
        for fields in reader:
            if len(fields) > most and any(fields[most:]):
                raise ValueError(
                    f"line {reader.line_num} has {len(fields)} fields, the first line {most}: {listed(fields, 8)}. "
                    f"Put a field that holds {separator!r} in quotes"
                )
    except csv.Error:
        return  # a field too long for this reader, such as a picture, which pandas takes


def _json(content: bytes) -> pd.DataFrame:
    try:
        parsed = parsed_json(content)
    except json.JSONDecodeError as error:
        if error.msg != ANOTHER_VALUE:
            raise
        return _json_lines(content)
    if isinstance(parsed, dict) and isinstance(parsed.get("images"), list):
        raise ValueError(f"it is an object with {listed(parsed)}, which a layout of kind `coco` reads")
    if isinstance(parsed, dict) and not any(isinstance(value, dict | list) for value in parsed.values()):
        return pd.DataFrame({KEY: list(parsed), VALUE: list(parsed.values())})
    return pd.DataFrame(parsed)


def _json_lines(content: bytes) -> pd.DataFrame:
    # Not `splitlines`: it also ends a line at characters that may stand in a text of json.
    return pd.DataFrame([json.loads(line) for line in decoded(content).split("\n") if line.strip()])


def _array(content: bytes) -> pd.DataFrame:
    array: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    if array.ndim == 1:
        return pd.DataFrame({VALUE: array})
    if array.ndim != 2:
        raise ValueError(f"its shape is {array.shape}: a table has one or two dimensions")
    return pd.DataFrame(array, columns=[str(place) for place in range(array.shape[1])])


def _as_texts(table: pd.DataFrame, columns: list[str] | None) -> pd.DataFrame:
    chosen = table if columns is None else table[columns]
    return chosen.map(as_text).astype("str")
