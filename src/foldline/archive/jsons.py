"""Records of json: an array of objects, or an object per line."""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from foldline.archive.record_file import ByteRecords, Place, Record
from foldline.files.texts import decoded, encoding_of, parsed_json

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
