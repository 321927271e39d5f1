"""Files of records: which files hold them, by the end of their names; those of csv and json."""

import csv
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from foldline.archive.bson import BsonRecords
from foldline.archive.parquet import ParquetRecords
from foldline.archive.record_file import ByteRecords, Place, Record, RecordFile
from foldline.archive.tfrecord import TfRecords
from foldline.files.texts import decoded, encoding_of, parsed_json


class CsvRecords(ByteRecords):
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


BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
"""What stands between the objects of an array."""


class JsonRecords(ByteRecords):
    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        content = self.path.read_bytes()
        # Of a text of Windows each byte is a character. The mark in front of UTF-8 counts: it takes place.
        is_of_windows = encoding_of(content) == "cp1252"
        text = decoded(content) if is_of_windows else content.decode("utf-8")
        length = len if is_of_windows else _utf8_length
        decoder, at, place = json.JSONDecoder(), 0, 0
        while True:
            between = BETWEEN.match(text, at)
            start = between.end() if between else at
            if start == len(text):
                return
            record, end = decoder.raw_decode(text, start)
            place += length(text[at:start])
            after = place + length(text[start:end])
            yield (place, after), _keyed(record)
            at, place = end, after

    def _parsed(self, content: bytes) -> Record:
        return _keyed(parsed_json(content))


def _utf8_length(text: str) -> int:
    return len(text.encode())


def _keyed(record: Any) -> Record:
    if not isinstance(record, dict):
        raise ValueError(f"the records must be objects, with keys and values, found {str(record)[:40]}")
    return record


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


def file_of_records(path: Path, name: str) -> RecordFile:
    """The records of the file `path`, whose name in the archives is `name`. Raises ValueError for another kind."""
    suffix = Path(name).suffix.lower()
    if suffix not in KINDS:
        raise ValueError(f"`{name}` is no file of records: these end in {', '.join(KINDS)}")
    return KINDS[suffix](path)
