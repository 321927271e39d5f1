"""Records of a parquet file: its rows."""

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
from jaxtyping import Float32

from foldline.archive.record_file import Place, Record, RecordFile, fitting_names

BLOCK_ROWS = 512
"""Read at once: a row may have 30,000 columns, one for each pixel, and a group of rows be the whole file."""


class ParquetRecords(RecordFile):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.file = pyarrow.parquet.ParquetFile(path)
        self.names: tuple[str, ...] = tuple(self.file.schema_arrow.names)
        self.blocks = _Blocks(self.file)
        self._numbers: tuple[int, str, np.ndarray] | None = None

    def read(self, fields: Collection[str] | None) -> Iterator[tuple[Place, Record]]:
        # A field of a struct, image.bytes, is read with the whole of it.
        wanted = {name for field in fields or () for name in (field, field.partition(".")[0])}
        columns = [name for name in self.names if fields is None or name in wanted]
        row = 0
        for block in self.file.iter_batches(BLOCK_ROWS, columns=columns or self.names[:1]):
            # All fields of all records at once would be millions of objects, where one looks at the first one only.
            one_by_one = (_record(block, number) for number in range(block.num_rows))
            for record in one_by_one if fields is None else block.to_pylist():
                yield (row, row + 1), record
                row += 1

    def at(self, place: Place) -> Record:
        first, block = self.blocks.around(place[0])
        return _record(block, place[0] - first)

    def numbers(self, place: Place, pattern: str) -> Float32[np.ndarray, " fields"]:
        """Of a whole block at once: of 30,000 columns, one row alone takes as long as all 512."""
        first, block = self.blocks.around(place[0])
        if self._numbers is None or self._numbers[:2] != (first, pattern):
            fields = pyarrow.schema([(name, pyarrow.float32()) for name in fitting_names(pattern, self.names)])
            table = block.select(fields.names).cast(fields, safe=False)
            self._numbers = first, pattern, table.to_tensor(null_to_nan=True).to_numpy()
        return self._numbers[2][place[0] - first]


class _Blocks:
    """Blocks of rows, cheap where one asks for rows that follow each other, as the pictures of a file do."""

    def __init__(self, file: pyarrow.parquet.ParquetFile) -> None:
        self.file = file
        counts = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        self.group_starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        self._coming: Iterator[tuple[int, pyarrow.RecordBatch]] = iter(())
        self._group = -1
        self._first, self._block = 0, pyarrow.RecordBatch.from_pylist([])

    def around(self, row: int) -> tuple[int, pyarrow.RecordBatch]:
        """The block that has `row`, and the number of its first one."""
        group = int(np.searchsorted(self.group_starts, row, side="right")) - 1
        if not 0 <= group < len(self.group_starts) - 1:
            raise ValueError(f"there is no row {row}")
        if group != self._group or row < self._first:
            self._group, self._coming = group, self._of_group(group)
            self._first, self._block = next(self._coming)
        while row >= self._first + self._block.num_rows:
            self._first, self._block = next(self._coming)
        return self._first, self._block

    def _of_group(self, group: int) -> Iterator[tuple[int, pyarrow.RecordBatch]]:
        first = int(self.group_starts[group])
        for block in self.file.iter_batches(BLOCK_ROWS, row_groups=[group]):
            yield first, block
            first += block.num_rows


def _record(block: pyarrow.RecordBatch, number: int) -> Record:
    return block.slice(number, 1).to_pylist()[0]
