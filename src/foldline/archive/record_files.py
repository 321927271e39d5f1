"""Files of records: all of them once, later any one by its place alone. A class per file format."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cached_property, lru_cache
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from jaxtyping import Float32

from foldline.archive.bson import decode_document, documents_in
from foldline.archive.budgets import refuse_parquet, refusing_backtracking
from foldline.archive.texts import AS_WRITTEN, encoding_of
from foldline.archive.tfrecord import decode_example, examples_in
from foldline.files.refusal import listed

SHOWN_WIDTH = 60
Record = dict[str, Any]
Place = tuple[int, int]
"""A pair of bytes in the file, the first and the one after the last; in a parquet file, a row and the next."""


class RecordFile(ABC):
    """Reads one file; ValueError says what is wrong in it."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        """encoding: of its text, where the card says it."""
        self.path, self.encoding = path, encoding

    @abstractmethod
    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        """fields: those that are wanted, None for all; a record may have others, too."""

    @abstractmethod
    def at(self, place: Place) -> Record:
        """The record that `read` gave with this place."""

    def numbers(self, place: Place, pattern: str) -> Float32[np.ndarray, " fields"]:
        """The values of the fields whose whole names fit `pattern`, by the numbers in these."""
        record = self.at(place)
        return np.array([record[name] for name in matching_names(pattern, tuple(record))], np.float32)


class ByteRecords(RecordFile):
    """A file whose records are ranges of bytes."""

    @cached_property
    def code(self) -> str:
        """What the whole file's text is written in."""
        return encoding_of(self.path.read_bytes(), self.encoding)

    def _text(self, content: bytes) -> str:
        """Of a part of the file."""
        try:
            return content.decode("utf-8") if self.encoding is None else content.decode(self.encoding)
        except UnicodeDecodeError:
            return content.decode(self.code)

    def at(self, place: Place) -> Record:
        with self.path.open("rb") as file:
            file.seek(place[0])
            return self._parsed(file.read(place[1] - place[0]))

    @abstractmethod
    def _parsed(self, content: bytes) -> Record: ...


class SeparateRecords(ByteRecords):
    """Whose ends are found without parsing them."""

    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        with self.path.open("rb") as file:
            for start, content in self._stretches(file):
                yield (start, start + len(content)), self._parsed(content)

    @abstractmethod
    def _stretches(self, file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
        """Each record's first byte and its bytes."""


@lru_cache
def matching_names(pattern: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """By the numbers in them: a table whose columns were sorted as texts has pixel10 before pixel2."""
    with refusing_backtracking(pattern, len(names)):
        fitting = [name for name in names if re.fullmatch(pattern, name)]
    return tuple(sorted(fitting, key=lambda name: [int(number) for number in re.findall("[0-9]+", name)]))


class BsonRecords(SeparateRecords):
    def _stretches(self, file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
        return documents_in(file)

    def _parsed(self, content: bytes) -> Record:
        return decode_document(content)


class TfRecords(SeparateRecords):
    def _stretches(self, file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
        return examples_in(file)

    def _parsed(self, content: bytes) -> Record:
        return decode_example(content)


class CsvRecords(SeparateRecords):
    def __init__(self, path: Path, encoding: str | None = None) -> None:
        super().__init__(path, encoding)
        with path.open("rb") as file:
            line = file.readline()
        self.first, self.columns = len(line), []
        self.columns = self._fields(line.removeprefix(codecs.BOM_UTF8))
        if repeated := {name for name, times in Counter(self.columns).items() if times > 1}:
            raise ValueError(f"its header names {listed(sorted(repeated))} twice")

    def _stretches(self, file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
        file.seek(self.first)
        start, content = self.first, b""
        for line in file:
            content += line
            if content.count(b'"') % 2 == 0:  # else a quoted field goes on in the next line
                if content.strip():
                    yield start, content
                start, content = start + len(content), b""
        if content:
            raise ValueError(f"a quote in the line at byte {start} is never closed")

    def _parsed(self, content: bytes) -> Record:
        fields = self._fields(content)
        if len(fields) < len(self.columns) or any(fields[len(self.columns) :]):
            raise ValueError(
                f"a line has {len(fields)} fields, the header {len(self.columns)}: {listed(fields, 8, SHOWN_WIDTH)}"
            )
        return dict(zip(self.columns, fields, strict=False))

    def _fields(self, content: bytes) -> list[str]:
        return next(csv.reader(io.StringIO(self._text(content), newline="")), [])


BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
"""What stands between the objects of an array."""


class JsonRecords(ByteRecords):
    """Objects one after the other: an array of them, or one per line."""

    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        """Their numbers are text, as it stands there."""
        # Not utf-8-sig: the mark in front takes place, too.
        code = self.code.removesuffix("-sig")
        if code.startswith("utf-16"):
            raise ValueError("it is in UTF-16, of which places in bytes are not counted here; write it in UTF-8")
        text = self.path.read_bytes().decode(code)
        is_array = text.lstrip("\ufeff \t\r\n").startswith("[")
        at = place = 0
        while True:
            between = BETWEEN.match(text, at)
            start = between.end() if between else at
            if start == len(text):
                if is_array and "]" not in text[at:]:
                    raise ValueError("its array does not end: it is cut off")
                return
            record, end = AS_WRITTEN.raw_decode(text, start)
            place += len(text[at:start].encode(code))
            after = place + len(text[start:end].encode(code))
            yield (place, after), self._checked(record)
            at, place = end, after

    def _parsed(self, content: bytes) -> Record:
        return self._checked(json.loads(self._text(content)))

    def _checked(self, record: Any) -> Record:
        if not isinstance(record, dict):
            raise ValueError(f"records must be objects (keys and values), found {str(record)[:40]}")
        return record


BLOCK_ROWS = 512
"""Read at once: a row may have 30,000 columns, one per pixel, and a row group may be the whole file."""


class ParquetRecords(RecordFile):
    def __init__(self, path: Path, encoding: str | None = None) -> None:
        from pyarrow.parquet import ParquetFile  # Slow to import, and of one format alone.

        super().__init__(path, encoding)
        self.file = ParquetFile(path)
        self.names: tuple[str, ...] = tuple(self.file.schema_arrow.names)
        counts = [self.file.metadata.row_group(group).num_rows for group in range(self.file.num_row_groups)]
        self._group_starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        self._group, self._coming = -1, iter(())
        self._first, self._block = 0, pyarrow.RecordBatch.from_pylist([])
        self._numbers: tuple[int, str, np.ndarray] | None = None

    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        # A field of a struct, image.bytes, is read with the whole of it.
        wanted = {name for field in fields or () for name in (field, field.partition(".")[0])}
        columns = [name for name in self.names if fields is None or name in wanted]
        refuse_parquet(self.path.stat().st_size, self.file)
        row = 0
        for block in self.file.iter_batches(BLOCK_ROWS, columns=columns or self.names[:1]):
            # All fields of all records at once would be millions of objects, and the caller looks at one record only.
            one_by_one = (_record(block, number) for number in range(block.num_rows))
            for record in one_by_one if fields is None else block.to_pylist():
                yield (row, row + 1), record
                row += 1

    def at(self, place: Place) -> Record:
        first, block = self._around(place[0])
        return _record(block, place[0] - first)

    def numbers(self, place: Place, pattern: str) -> Float32[np.ndarray, " fields"]:
        """Of a whole block at once: of 30,000 columns, one row alone takes as long as all 512."""
        first, block = self._around(place[0])
        if self._numbers is None or self._numbers[:2] != (first, pattern):
            fields = pyarrow.schema([(name, pyarrow.float32()) for name in matching_names(pattern, self.names)])
            table = block.select(fields.names).cast(fields, safe=False)
            self._numbers = first, pattern, table.to_tensor(null_to_nan=True).to_numpy()
        return self._numbers[2][place[0] - first]

    def _around(self, row: int) -> tuple[int, pyarrow.RecordBatch]:
        """The first row of the block that has `row`, and the block: cheap for consecutive rows, as the images of a file
        are."""
        group = int(np.searchsorted(self._group_starts, row, side="right")) - 1
        if not 0 <= group < self.file.num_row_groups:
            raise ValueError(f"there is no row {row}")
        if group != self._group or row < self._first:
            self._group, self._coming = group, self.file.iter_batches(BLOCK_ROWS, row_groups=[group])
            self._first, self._block = int(self._group_starts[group]), next(self._coming)
        while row >= self._first + self._block.num_rows:
            self._first, self._block = self._first + self._block.num_rows, next(self._coming)
        return self._first, self._block


def _record(block: pyarrow.RecordBatch, number: int) -> Record:
    return block.slice(number, 1).to_pylist()[0]


KINDS: dict[str, type[RecordFile]] = {
    ".json": JsonRecords,
    ".jsonl": JsonRecords,
    ".ndjson": JsonRecords,
    ".bson": BsonRecords,
    ".csv": CsvRecords,
    ".parquet": ParquetRecords,
    ".tfrec": TfRecords,
    ".tfrecord": TfRecords,
    ".tfrecords": TfRecords,
}


def file_of_records(path: Path, name: str, encoding: str | None = None) -> RecordFile:
    """The records of the file `path`, whose name in the archives is `name`. Raises ValueError for another kind.

    encoding: of its text, where the card says it.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in KINDS:
        raise ValueError(f"`{name}` is not a file of records; their suffixes are {', '.join(KINDS)}")
    return KINDS[suffix](path, encoding)
