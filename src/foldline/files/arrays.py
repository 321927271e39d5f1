"""`.npy` files in blocks of rows: whatever their length, little of them is in memory at a time."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from foldline.files.hashes import require_intact
from foldline.files.reading import CURE, reading
from foldline.files.refusal import Refusal
from foldline.files.whole_files import naming_a_full_disk

BLOCK_BYTES = 1 << 21
"""Small enough to stay near the processor's cache while it is computed on, large enough to hide its own cost."""


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices that cover the rows of an array of this shape in order, about BLOCK_BYTES of float32 each."""
    row_bytes = 4 * int(np.prod(shape[1:]))
    step = max(1, BLOCK_BYTES // max(1, row_bytes))
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def create_array(path: Path, shape: tuple[int, ...], dtype: np.dtype | type = np.float32) -> np.ndarray:
    """A new `.npy` file of this shape, all zeros, memory-mapped for writing.

    Its space is reserved. A file cannot be mapped without a byte in it: an empty array is written, and returned as it
    is.
    """
    if 0 in shape:
        np.save(path, np.zeros(shape, dtype))
        return np.load(path)
    values = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    with naming_a_full_disk(path), path.open("rb+") as file:
        # Reserved now: a disk that is full when a mapped page is written kills the process, without a word.
        os.posix_fallocate(file.fileno(), 0, file.seek(0, os.SEEK_END))
    return values


def open_array(
    path: Path, shape: tuple[int, ...], axes: str, writable: bool = False, dtype: np.dtype | type = np.float32
) -> np.ndarray:
    """The `.npy` file, memory-mapped. Raises Refusal unless its shape is what `axes` (in words) give."""
    with reading(path, "a readable array"):
        require_intact(path)
        # An archive of arrays becomes an array of another shape.
        values = np.asanyarray(np.load(path, mmap_mode=("r+" if writable else "r") if 0 not in shape else None))
    if values.shape != shape or values.dtype != dtype:
        expected = f"{np.dtype(dtype)} of {shape}"
        raise Refusal(f"{path} is {values.dtype} of shape {values.shape}, expected {expected} ({axes}). {CURE}")
    return values


def take(values: np.ndarray, index: slice | np.ndarray) -> np.ndarray:
    """A copy of some rows. The pages of a mapped file that are read leave this process's memory again."""
    return np.array(_fresh(values)[index])


def gather(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """A copy of many rows, anywhere in the file: no more of it is in memory than is returned.

    Rows of a `CompactArray` (foldline/files/compact.py) stay compact.
    """
    gathered = getattr(values, "gathered", None)
    if gathered is not None:
        return gathered(index)
    rows = np.empty((len(index), *values.shape[1:]), values.dtype)
    for block in row_blocks(rows.shape):
        rows[block] = take(values, index[block])
    return rows


def put(values: np.ndarray, index: slice | np.ndarray, rows: np.ndarray) -> None:
    """Write some rows; those of a mapped file leave this process's memory for the kernel to write."""
    _fresh(values)[index] = rows


def _fresh(values: np.ndarray) -> np.ndarray:
    # A page stays in the process from its first use until its mapping ends, so a mapping is used for one block.
    if not isinstance(values, np.memmap) or values.filename is None or isinstance(values.base, np.memmap):
        return values
    mode = "r" if not values.flags.writeable else "r+"
    return np.memmap(values.filename, values.dtype, mode, values.offset, values.shape)
