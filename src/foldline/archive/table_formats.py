"""What a table's bytes say, by the suffix of its name: all of it as text."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow

from foldline.archive.addresses import loaded_array
from foldline.archive.budgets import refuse_cells, refuse_parquet
from foldline.archive.delimited import PLAIN, Delimited, Spelling
from foldline.archive.texts import AS_WRITTEN, as_text, assumed, decoded, encoding_of, parsed_json
from foldline.files.refusal import Curable, listed

TYPED_SUFFIXES = (".json", ".jsonl", ".ndjson", ".parquet", ".npy")
BLOCK_ROWS = 50_000
"""Of fields as Python's texts, before they become columns."""
INDEX = re.compile(r"__index_level_\d+__")
"""What pandas calls a nameless index in a parquet file."""


def parse_table(
    content: bytes,
    name: str,
    spelling: Spelling = PLAIN,
    usecols: list[str] | None = None,
    rows: int | None = None,
    said: list[str] | None = None,
) -> pd.DataFrame:
    """The columns `usecols` (all by default) of the file `name`, text; of a csv at most the first `rows` lines.

    said: gets what a person should know of how it was read. Raises ValueError when `content` is not such a table.
    """
    suffix, said = PurePosixPath(name).suffix.lower(), [] if said is None else said
    if suffix == ".parquet":
        return _parquet(content, usecols, rows)
    encoding = "" if suffix == ".npy" else encoding_of(content, spelling.encoding)
    match suffix:
        case ".json":
            table = json_table(content, encoding)
        case ".jsonl" | ".ndjson":
            table = json_lines(content, encoding)
        case ".npy":
            table = _array(content)
        case _:
            table = _csv(content, name, spelling, encoding, usecols, rows, said)
    if rows is None:
        said += [] if said else [f"{len(table):,} rows"]
        said += [] if spelling.encoding or not encoding else assumed(content, encoding)
    if suffix not in TYPED_SUFFIXES:
        return table
    return (table if usecols is None else table[usecols]).map(as_text).astype("str")


def header_fields(content: bytes, name: str, spelling: Spelling = PLAIN) -> list[str]:
    """The column names in the first line of a csv, some of which may be empty; [] for other tables.

    name: the file's.
    """
    if PurePosixPath(name).suffix.lower() in TYPED_SUFFIXES:
        return []
    return Delimited(content, encoding_of(content, spelling.encoding), spelling).first


def _refuse_repeated(fields: Sequence[str], name: str) -> None:
    repeated = {field for field, times in Counter(fields).items() if field and times > 1}
    if repeated:
        renamed = [f"{field}_{fields[:at].count(field) + 1}" if field in repeated else field or f"column_{at}"
                for at, field in enumerate(fields)]  # fmt: skip
        raise Curable(
            f"duplicate column names in the header: {listed(sorted(repeated))}. Instead of its name write {{kind: "
            f"headerless, name: {name}, columns: [{', '.join(renamed)}]}}, which renames them, and drop the "
            "header line in a function of your own (docs/own-code.md): table[1:]"
        )


def _csv(
    content: bytes,
    name: str,
    spelling: Spelling,
    encoding: str,
    usecols: list[str] | None,
    rows: int | None,
    said: list[str],
) -> pd.DataFrame:
    lines = Delimited(content, encoding, spelling)
    fields, names = lines.first, spelling.names
    if not fields:
        raise ValueError("No columns: no line has any text")
    if names is None:
        _refuse_repeated(fields, name)
    elif len(fields) != len(names):
        raise Curable(
            f"its lines have {len(fields)} fields, the card names {len(names)}; the first line is "
            f"{lines.separator.join(fields)!r}. A single name reads whole lines, which a function of your own may split"
        )
    header = _named(fields) if names is None else list(names)
    first = 1 if names is None else 0
    table = _columns(islice(lines.rows(), first, None if rows is None else first + rows), header, usecols)
    if rows is None:
        said += [f"{lines.count.lines:,} lines, {len(table):,} rows{' and the header' if names is None else ''}"]
        said += lines.count.doubts()
    return table


def _named(fields: Sequence[str]) -> list[str]:
    """Those without a name as pandas calls them, and so cards do."""
    taken = set(fields)
    nameless = (f"Unnamed: {position}" for position in range(len(fields)))
    return [field or (f"{name}.1" if name in taken else name) for field, name in zip(fields, nameless, strict=True)]


def _columns(rows: Iterator[list[str]], header: list[str], usecols: list[str] | None) -> pd.DataFrame:
    asked = set(header if usecols is None else usecols)
    positions = [at for at, name in enumerate(header) if name in asked]
    wanted = [header[position] for position in positions]
    blocks: list[pd.DataFrame] = []
    while block := [[fields[position] for position in positions] for fields in islice(rows, BLOCK_ROWS)]:
        blocks.append(pd.DataFrame(block, columns=wanted, dtype="str"))
    return pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame([], columns=wanted, dtype="str")


def _parquet(content: bytes, usecols: list[str] | None, rows: int | None) -> pd.DataFrame:
    """Only what is asked for is converted."""
    from pyarrow.parquet import ParquetFile  # Slow to import, and of one format alone.

    try:
        file = ParquetFile(io.BytesIO(content))
        names = [name for name in file.schema_arrow.names if not INDEX.fullmatch(name)]
        if len(set(names)) < len(names):
            raise ValueError(f"several columns have one name: {listed(names)}")
        if rows == 0:
            return pd.DataFrame(columns=names, dtype="str")
        refuse_parquet(len(content), file)
        asked = set(names if usecols is None else usecols)
        table = file.read([name for name in names if name in asked])
        texts = {name: [as_text(value) for value in _values(table[name])] for name in table.column_names}
    except (OSError, NotImplementedError) as error:
        raise ValueError(str(error)) from None
    return pd.DataFrame(texts, dtype="str")


def _values(column: pyarrow.ChunkedArray) -> Iterable[Any]:
    """Integers stay so, whatever is missing; a number of 32 bits keeps its own shortest spelling."""
    if pyarrow.types.is_float32(column.type) or pyarrow.types.is_float16(column.type):
        return column.to_numpy()
    return column.to_pylist()


def _array(content: bytes) -> pd.DataFrame:
    array = loaded_array(content)
    if not isinstance(array, np.ndarray):
        raise ValueError("it is a .npz file")
    if max(array.shape, default=0) > len(content):
        raise ValueError(f"its shape is {array.shape}, of fields without a single byte")
    if array.ndim == 1:
        fields = array.dtype.names
        return pd.DataFrame(
            {name: list(array[name]) for name in fields} if fields else {VALUE: list(array)}, dtype=object
        )
    if array.ndim != 2:
        raise ValueError(f"its shape is {array.shape}: a table has one or two dimensions")
    return pd.DataFrame({str(position): list(array[:, position]) for position in range(array.shape[1])}, dtype=object)


KEY, VALUE = "key", "value"
"""The columns of a flat JSON object: `{"1.png": "cat"}`; a one-dimensional array has the second, an object of rows the
first."""
ANOTHER_VALUE = "Extra data"
"""What json says when a second value follows: a file called .json may be one of JSON lines."""


def json_table(content: bytes, encoding: str | None = None) -> pd.DataFrame:
    """Raises ValueError for what is not a table."""
    try:
        parsed = parsed_json(content, encoding)
    except json.JSONDecodeError as error:
        if error.msg != ANOTHER_VALUE:
            raise
        return json_lines(content, encoding)
    if isinstance(parsed, dict) and isinstance(parsed.get("images"), list):
        raise Curable(f"it is an object with {listed(parsed)}, which a layout of kind `coco` reads")
    if isinstance(parsed, dict) and not any(isinstance(value, dict | list) for value in parsed.values()):
        return pd.DataFrame({KEY: list(parsed), VALUE: list(parsed.values())})
    if isinstance(parsed, dict) and _is_of_records(list(parsed.values())):
        parsed = [{KEY: key} | record | {KEY: key} for key, record in parsed.items()]
    return frame_of(parsed, len(content))


def frame_of(parsed: Any, given_bytes: int) -> pd.DataFrame:
    """As pandas reads a list of rows, or an object of columns, that `given_bytes` of json hold. Raises ValueError."""
    several = list(parsed.values()) if isinstance(parsed, dict) else parsed if isinstance(parsed, list) else []
    keys = {key for one in several if isinstance(one, dict) for key in one}
    longest = max((len(one) for one in several if isinstance(one, list)), default=0)
    refuse_cells(given_bytes, len(several), max(len(keys), longest))
    try:
        return pd.DataFrame(parsed).rename(columns=str)  # Of lists the columns are numbers.
    except (AttributeError, TypeError) as error:  # of objects next to what is none
        raise ValueError(str(error)) from None


def _is_of_records(values: list[Any]) -> bool:
    """Whether the objects in an object are rows (`{"a.mp4": {"label": "FAKE"}}`), and not columns by row number, as
    pandas writes them."""
    if not values or not all(isinstance(value, dict) for value in values):
        return False
    keys = {key for value in values for key in value}
    return len(keys) <= len(values) and keys != {str(position) for position in range(len(keys))}


def json_lines(content: bytes, encoding: str | None = None) -> pd.DataFrame:
    """A table of one object per line."""
    # Not `splitlines`, which also splits at characters that JSON strings may contain.
    lines = (line for line in decoded(content, encoding).split("\n") if line.strip())
    return frame_of([AS_WRITTEN.decode(line) for line in lines], len(content))
