"""Records of a csv: its lines, whose fields are text."""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path

from foldline.archive.record_file import ByteRecords, Place, Record


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
