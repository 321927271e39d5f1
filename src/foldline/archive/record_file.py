"""A file of many records: all of them once, and later any one by its place alone."""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

Record = dict[str, Any]
Place = tuple[int, int]
"""A pair of bytes in the file, the first and the one after the last; in a parquet file, a row and the next."""


class RecordFile(ABC):
    """Reads one file; ValueError says what is wrong in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        """fields: those that are wanted, None for all; a record may have others, too."""

    @abstractmethod
    def at(self, place: Place) -> Record:
        """The record that `read` gave with this place."""

    def numbers(self, place: Place, pattern: str) -> Float32[np.ndarray, " fields"]:
        """The values of the fields whose whole names fit `pattern`, in the record's order."""
        record = self.at(place)
        return np.array([record[name] for name in fitting_names(pattern, tuple(record))], np.float32)


class ByteRecords(RecordFile):
    """Of a file whose records are stretches of its bytes."""

    def at(self, place: Place) -> Record:
        with self.path.open("rb") as file:
            file.seek(place[0])
            return self._parsed(file.read(place[1] - place[0]))

    @abstractmethod
    def _parsed(self, content: bytes) -> Record: ...


@lru_cache
def fitting_names(pattern: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if re.fullmatch(pattern, name))
