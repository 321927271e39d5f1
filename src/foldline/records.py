"""Files of many records (json, BSON, csv, parquet, TFRecord): all of them once, and later any one by its place alone.

A place is a pair of bytes in the file, the first and the one after the last; in a parquet file, a row and the next.
"""

import csv
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet

from foldline.bson import decode_document, length_at
from foldline.texts import decoded, encoding_of, parsed_json
from foldline.tfrecord import decode_example, examples_in

Record = dict[str, Any]
Place = tuple[int, int]
PARQUET_ROWS = 256
"""Read at once: a competition's row may have 30,000 columns, one for each pixel."""
BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
"""What stands between the objects of an array."""


def file_of_records(path: Path, name: str) -> "Records":
    """The records of the file `path`, whose name in the archives is `name`. Raises ValueError for another kind."""
    suffix = Path(name).suffix.lower()
    if suffix not in KINDS:
        raise ValueError(f"`{name}` is no file of records: these end in {', '.join(KINDS)}")
    return KINDS[suffix](path)


class Records(ABC):
    """Reads one file; ValueError says what is wrong in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        """fields: those that are wanted, None for all; a record may have others, too."""

    def at(self, place: Place) -> Record:
        return self._parsed(self._bytes(place))

    def _bytes(self, place: Place) -> bytes:
        with self.path.open("rb") as file:
            file.seek(place[0])
            return file.read(place[1] - place[0])

    @abstractmethod
    def _parsed(self, content: bytes) -> Record: ...


class BsonRecords(Records):
    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        with self.path.open("rb") as file:
            start = 0
            while head := file.read(4):
                length = length_at(head) if len(head) == 4 else 0
                content = head + file.read(length - 4) if length > 4 else b""
                if len(content) != length or not content:
                    raise ValueError(f"the BSON document at byte {start} is cut off")
                yield (start, start + length), decode_document(content)
                start += length

    def _parsed(self, content: bytes) -> Record:
        return decode_document(content)


class JsonRecords(Records):
    """An array of objects, or an object per line."""

    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        content = self.path.read_bytes()
        # Of a text of Windows each byte is a character. The mark in front of UTF-8 counts: it takes place.
        is_of_windows = encoding_of(content) == "cp1252"
        text = decoded(content) if is_of_windows else content.decode("utf-8")
        length = len if is_of_windows else _utf8_length
        decoder, at, place = json.JSONDecoder(), 0, 0
        while True:
            start = BETWEEN.match(text, at).end()  # type: ignore[union-attr]  (it fits nothing as well)
            if start == len(text):
                return
            record, end = decoder.raw_decode(text, start)
            place += length(text[at:start])
            after = place + length(text[start:end])
            yield (place, after), _keyed(record)
            at, place = end, after

    def _parsed(self, content: bytes) -> Record:
        return _keyed(parsed_json(content))


class TfRecords(Records):
    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        with self.path.open("rb") as file:
            for start, content in examples_in(file):
                yield (start, start + len(content)), decode_example(content)

    def _parsed(self, content: bytes) -> Record:
        return decode_example(content)


class CsvRecords(Records):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with path.open("rb") as file:
            line = file.readline()
        self.columns = next(csv.reader([line.decode("utf-8-sig")]))
        self.first = len(line)

    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        with self.path.open("rb") as file:
            file.seek(self.first)
            start, content = self.first, b""
            for line in file:
                content += line
                if content.count(b'"') % 2 == 0:  # else a quoted field goes on in the next line
                    if content.strip():
                        yield (start, start + len(content)), self._parsed(content)
                    start, content = start + len(content), b""

    def _parsed(self, content: bytes) -> Record:
        fields = next(csv.reader([content.decode("utf-8")]))
        return dict(zip(self.columns, fields, strict=False))


class ParquetRecords(Records):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.file = pyarrow.parquet.ParquetFile(path)

    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        # A field of a struct, image.bytes, is read with the whole of it.
        wanted = {name for field in fields or () for name in (field, field.partition(".")[0])}
        columns = [name for name in self.file.schema_arrow.names if fields is None or name in wanted]
        row = 0
        for batch in self.file.iter_batches(PARQUET_ROWS, columns=columns or self.file.schema_arrow.names[:1]):
            for record in batch.to_pylist():
                yield (row, row + 1), record
                row += 1

    def at(self, place: Place) -> Record:
        row = place[0]
        for group in range(self.file.num_row_groups):
            count = self.file.metadata.row_group(group).num_rows
            if row < count:
                return _row_group(self.file, group).slice(row, 1).to_pylist()[0]
            row -= count
        raise ValueError(f"there is no row {place[0]}")

    def _parsed(self, content: bytes) -> Record:
        raise ValueError("a parquet file has no records of its own bytes")


KINDS: dict[str, type[Records]] = {
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


@lru_cache(maxsize=1)
def _row_group(file: Any, group: int) -> Any:
    """Images are read in the file's order: the last group is nearly always the next one's, too."""
    return file.read_row_group(group)


def _utf8_length(text: str) -> int:
    return len(text.encode())


def _keyed(record: Any) -> Record:
    if not isinstance(record, dict):
        raise ValueError(f"the records must be objects, with keys and values, found {str(record)[:40]}")
    return record
