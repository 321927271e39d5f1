"""Predictions over so many classes that rows x classes numbers would fill the disk: only the highest of each row.

A `CompactArray` is read and written in blocks like any array of `foldline.files.arrays`; only a block is as wide as
there are classes. The KEPT highest values of a row are stored with their classes, and the rest of its probability is
shared equally by all others: the row still sums to one, and a class that is not kept costs what it should. Equal shares
assume least (Jaynes, Information Theory and Statistical Mechanics, 1957).
"""

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import scipy
from jaxtyping import Float, Float32, Float64, Int64

from foldline.files.arrays import BLOCK_BYTES, create_array, open_array, put, row_blocks, take

MOST_DENSE_CLASSES = 2000
KEPT = 100
MOST_DENSE_BYTES = 2 * BLOCK_BYTES
"""Of several rows: more is a mistake of ours, which would fill the memory of a larger competition."""

Scale = Literal["logits", "probabilities"]
"""logits: of a softmax, stored as float16 with their log-sum-exp taken off, so that the likeliest are the most exact.
probabilities: float32."""


def is_compact(classes: int, distribution: bool) -> bool:
    """Whether predictions of so many classes are stored compact: only what sums to one can leave classes out."""
    return distribution and classes > MOST_DENSE_CLASSES


class CompactArray(np.ndarray):
    """Looks like float32 of `shape` (rows, classes) or (rows, views, classes), in blocks of rows: `values[block]`.

    It is an array so that whatever works in blocks takes it. Its own numbers are one NaN, seen everywhere; numpy's
    functions, which would meet that, refuse it.
    """

    records: np.ndarray
    """Of each row, or row and view, `kept`: the highest values, the highest first; `classes`: theirs; `others`: the
    value of each class that is not kept. One structured array, so that one file holds all."""
    scale: Scale

    __array_ufunc__ = None  # type: ignore[assignment]

    def __array_function__(self, function: Any, types: Any, arguments: Any, named: Any) -> Any:
        raise TypeError(f"{function.__name__} takes no compact array: take blocks of its rows")

    def __getitem__(self, index: slice | np.ndarray) -> Float32[np.ndarray, "block ..."]:  # type: ignore[override]
        """Some rows, all classes of them. Raises RuntimeError for more than MOST_DENSE_BYTES, and more than one row."""
        rows = self.gathered(index)
        if len(rows.records) > 1 and rows.size * 4 > MOST_DENSE_BYTES:
            raise RuntimeError(f"{rows.shape} numbers at once of a compact array: take blocks of rows")
        found = rows.records
        dense = np.broadcast_to(found["others"][..., None], rows.shape).astype(np.float32)
        np.put_along_axis(dense, found["classes"].astype(np.int64), found["kept"].astype(np.float32), axis=-1)
        return dense

    def __setitem__(self, index: slice | np.ndarray, rows: Float[np.ndarray, "block ..."]) -> None:  # type: ignore[override]
        if isinstance(rows, CompactArray):
            put(self.records, index, rows.records.astype(self.records.dtype))
            return
        records = np.empty(rows.shape[:-1], self.records.dtype)
        for block in row_blocks(rows.shape):
            found = records[block]
            kept, classes, others = _compacted(rows[block], self.scale, KEPT)
            # Below the least number of the type lies -inf, of which nothing can be computed.
            found["kept"], found["others"] = _within(kept, found["kept"].dtype), _within(others, found["others"].dtype)
            found["classes"] = classes
        put(self.records, index, records)

    def gathered(self, index: slice | np.ndarray) -> "CompactArray":
        """Some rows, in memory, still compact."""
        return compact_array(take(self.records, index), self.shape[-1], self.scale)

    def of(self, targets: Int64[np.ndarray, " rows"]) -> Float32[np.ndarray, " rows"]:
        """Each row's value of one class: the kept one, or the others' equal share. Of (rows, classes) alone."""
        values = np.empty(len(self), np.float32)
        for block in row_blocks((len(self), KEPT)):
            rows = take(self.records, block)
            found = rows["classes"] == targets[block, None]
            of_kept = rows["kept"][np.arange(len(rows)), found.argmax(axis=1)]
            values[block] = np.where(found.any(axis=1), of_kept, rows["others"])
        return values

    def top(self, length: int) -> tuple[Int64[np.ndarray, "rows kept"], Float32[np.ndarray, "rows kept"]]:
        """The highest classes of each row and their values, the highest first: at most as many as are kept."""
        wide = min(length, KEPT)
        classes, values = np.empty((len(self), wide), np.int64), np.empty((len(self), wide), np.float32)
        for block in row_blocks((len(self), KEPT)):
            rows = take(self.records, block)
            classes[block], values[block] = rows["classes"][:, :wide], rows["kept"][:, :wide]
        return classes, values


def compact_array(records: np.ndarray, classes: int, scale: Scale) -> CompactArray:
    """`classes`: how many there are."""
    values = np.broadcast_to(np.float32(np.nan), (*records.shape, classes)).view(CompactArray)
    values.records, values.scale = records, scale
    return values


def record_dtype(scale: Scale) -> np.dtype:
    """Of files. What is computed on stays float32, whatever its scale: IN_MEMORY."""
    kept = np.float16 if scale == "logits" else np.float32
    return np.dtype([("kept", kept, (KEPT,)), ("classes", np.int32, (KEPT,)), ("others", np.float32)])


IN_MEMORY = record_dtype("probabilities")


def rows_at(values: np.ndarray, index: slice | np.ndarray) -> np.ndarray:
    """Some rows of an array in memory: compact ones stay compact."""
    return values.gathered(index) if isinstance(values, CompactArray) else values[index]


def array_at(values: Float[np.ndarray, "rows arrays outputs"], position: int) -> Float[np.ndarray, "rows outputs"]:
    """One of several arrays that lie together."""
    if not isinstance(values, CompactArray):
        return values[:, position]
    return compact_array(values.records[:, position], values.shape[-1], values.scale)


def take_columns(
    values: np.ndarray, index: slice
) -> tuple[Float[np.ndarray, "rows columns"], Float64[np.ndarray, " columns"] | None]:
    """Some rows of a file (rows, classes) and how many classes each number is of: None where each is of one."""
    if not isinstance(values, CompactArray):
        return take(values, index), None
    found = take(values.records, index)
    counts = np.array([1.0] * KEPT + [values.shape[-1] - KEPT])
    return np.column_stack([found["kept"], found["others"]]), counts


def blank_rows(values: np.ndarray, rows: int) -> np.ndarray:
    """So many rows like those of `values`, in memory, to be filled in place."""
    if not isinstance(values, CompactArray):
        return np.empty((rows, *values.shape[1:]), values.dtype)
    return compact_array(np.empty((rows, *values.records.shape[1:]), IN_MEMORY), values.shape[-1], values.scale)


def numbers_per_row(values: np.ndarray) -> int:
    """Of float32's size, in memory."""
    if isinstance(values, CompactArray):
        return math.prod(values.records.shape[1:]) * (2 * KEPT + 1)
    return math.prod(values.shape[1:])


def create_values(path: Path, shape: tuple[int, ...], scale: Scale, distribution: bool) -> np.ndarray:
    """A new file to be filled in place, compact where `is_compact` says so."""
    if not is_compact(shape[-1], distribution):
        return create_array(path, shape)
    return compact_array(create_array(path, shape[:-1], record_dtype(scale)), shape[-1], scale)


def open_values(
    path: Path, shape: tuple[int, ...], scale: Scale, distribution: bool, axes: str, writable: bool = False
) -> np.ndarray:
    """What `create_values` made. Raises Refusal unless the shape is what `axes` (in words) give."""
    if not is_compact(shape[-1], distribution):
        return open_array(path, shape, axes, writable)
    return compact_array(open_array(path, shape[:-1], axes, writable, record_dtype(scale)), shape[-1], scale)


def highest(values: Float[np.ndarray, "block ... count"], kept: int = KEPT) -> Int64[np.ndarray, "block ... kept"]:
    """Where the highest lie, the highest first; of equal ones the first is first."""
    chosen = np.sort(np.argpartition(-values, kept - 1, axis=-1)[..., :kept], axis=-1)
    order = np.argsort(-np.take_along_axis(values, chosen, axis=-1), axis=-1, kind="stable")
    return np.take_along_axis(chosen, order, axis=-1)


def _within(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return np.maximum(values, float(np.finfo(dtype).min))


def _compacted(
    dense: Float[np.ndarray, "block ... count"], scale: Scale, kept: int
) -> tuple[
    Float64[np.ndarray, "block ... kept"], Int64[np.ndarray, "block ... kept"], Float64[np.ndarray, "block ..."]
]:
    """The highest values, their classes, and what each of the others gets."""
    wide = dense.astype(np.float64)
    values = scipy.special.log_softmax(wide, axis=-1) if scale == "logits" else wide
    classes = highest(values, kept)
    of_kept = np.take_along_axis(values, classes, axis=-1)
    left = values.shape[-1] - kept
    if scale == "logits":
        np.put_along_axis(values, classes, -np.inf, axis=-1)
        others = np.asarray(scipy.special.logsumexp(values, axis=-1)) - np.log(left)
    else:
        np.put_along_axis(values, classes, 0, axis=-1)
        others = values.sum(axis=-1) / left
    return of_kept, classes, others
