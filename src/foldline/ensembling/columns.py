"""What steps compute on where predictions are compact: a few columns, one of which stands for very many equal classes.

Steps work on columns, whatever these are. Of dense predictions each column is a class. Of compact ones
(files/compact.py) a row's columns are the classes that any of its arrays keeps, and a last one for all that
none keeps: in each array these are equal, and stay equal in whatever treats classes alike. Only what sums over classes
must know that a column counts for many. So work and memory depend on what is kept, not on how many classes there are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64
from scipy.special import logsumexp

from foldline.ensembling.link import Counts
from foldline.ensembling.projection import RowWithoutMass
from foldline.files.arrays import row_blocks
from foldline.files.compact import IN_MEMORY, KEPT, CompactArray, Scale, compact_array, highest, rows_at

Inputs = tuple[np.ndarray, ...]
"""Predictions of the same rows, each (rows, outputs) float32, dense or compact: one per member, view or run."""
Operation = Callable[[Inputs, Counts], np.ndarray]
"""From arrays of the same columns to one more of them. It treats classes alike."""


@dataclass(frozen=True)
class Columns:
    """The columns of some rows, the same for all arrays."""

    values: tuple[Float[np.ndarray, "rows *axes columns"], ...]
    counts: Counts
    classes: Int64[np.ndarray, "rows columns"] | None
    """Of each column, rising, -1 for the last one, of many; a class that repeats counts once. None where dense."""

    def places(self, targets: np.ndarray) -> np.ndarray:
        """The columns of the rows' classes."""
        if self.classes is None:
            return targets
        found = self.classes == targets[:, None]
        return np.where(found.any(axis=1), found.argmax(axis=1), self.classes.shape[1] - 1)

    def predictions(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale = "probabilities"
    ) -> Float[np.ndarray, "rows classes"]:
        """What stands in the columns, of all classes: as it is, or compact again."""
        if self.classes is None or self.counts is None:
            return values
        records = np.empty(len(values), IN_MEMORY)
        wide = values.astype(np.float64)
        kept = highest(np.where((self.counts > 0) & (self.classes >= 0), wide, -np.inf))
        left = self.counts.copy()
        np.put_along_axis(left, kept, 0, axis=1)
        records["kept"] = np.take_along_axis(wide, kept, axis=1)
        records["classes"] = np.take_along_axis(self.classes, kept, axis=1)
        records["others"] = _mean(wide, left, scale)
        return compact_array(records, int(self.counts[:1].sum()), scale)


def columns_of(inputs: Inputs) -> Columns:
    """Of arrays (rows, classes) or (rows, views, classes), all dense or all compact."""
    compact = [one for one in inputs if isinstance(one, CompactArray)]
    if not compact:
        return Columns(inputs, None, None)
    rows = len(compact[0])
    kept = np.concatenate([one.records["classes"].reshape(rows, _kept_in(one)) for one in compact], axis=1)
    classes = np.sort(kept.astype(np.int64), axis=1)
    first = np.ones(classes.shape, bool)
    first[:, 1:] = classes[:, 1:] != classes[:, :-1]
    counts = np.column_stack([first, compact[0].shape[-1] - first.sum(axis=1)]).astype(np.float64)
    values = tuple(_in_columns(one, classes) for one in compact)
    return Columns(values, counts, np.column_stack([classes, np.full(rows, -1)]))


def row_by_row(operation: Operation, inputs: Inputs, scale: Scale | None = None) -> np.ndarray:
    """What the operation makes of all rows: at once of dense ones, in blocks of compact ones, which are compact again.

    scale: of the result, that of the inputs if None. Raises what the operation raises, a row's place being that among
    all.
    """
    first = inputs[0]
    if not isinstance(first, CompactArray):
        return operation(inputs, None)
    result = compact_array(np.empty(len(first), IN_MEMORY), first.shape[-1], scale or first.scale)
    for block in column_blocks(inputs):
        columns = columns_of(tuple(rows_at(one, block) for one in inputs))
        try:
            result[block] = columns.predictions(operation(columns.values, columns.counts), result.scale)
        except RowWithoutMass as error:
            raise RowWithoutMass(block.start + error.row) from None
    return result


def column_blocks(inputs: Inputs) -> Iterator[slice]:
    """Blocks of rows, as `row_blocks` gives them, of which all columns fit near the processor."""
    if not isinstance(inputs[0], CompactArray):
        return row_blocks(inputs[0].shape)
    arrays = sum(_kept_in(one) for one in inputs if isinstance(one, CompactArray)) // KEPT
    return row_blocks((len(inputs[0]), arrays, arrays * KEPT + 1))


def stacked(inputs: Inputs) -> np.ndarray:
    """Arrays (rows, classes) as one of (rows, arrays, classes), compact if they are."""
    first = inputs[0]
    if not isinstance(first, CompactArray):
        return np.stack(inputs, axis=1)
    records = [one.records for one in inputs if isinstance(one, CompactArray)]
    return compact_array(np.stack(records, axis=1), first.shape[-1], first.scale)


def apart(together: Float[np.ndarray, "rows arrays ..."]) -> Inputs:
    """The arrays that were stacked."""
    if not isinstance(together, CompactArray):
        return tuple(together[:, place] for place in range(together.shape[1]))
    places = range(together.shape[1])
    return tuple(compact_array(together.records[:, at], together.shape[-1], together.scale) for at in places)


def _kept_in(one: CompactArray) -> int:
    """Classes that a row's records name, as often as they do."""
    return int(np.prod(one.records.shape[1:], dtype=np.int64)) * KEPT


def _in_columns(
    one: CompactArray, classes: Int64[np.ndarray, "rows kept"]
) -> Float32[np.ndarray, "rows *axes columns"]:
    """A class that repeats has its value in the first of its columns."""
    rows, width = classes.shape
    of_row = one.shape[-1] * np.arange(rows).reshape(rows, *[1] * one.records.ndim)
    sorted_keys = (classes + of_row.reshape(rows, 1)).ravel()
    places = np.searchsorted(sorted_keys, (one.records["classes"] + of_row).ravel()).reshape(
        one.records["classes"].shape
    )
    values = np.repeat(one.records["others"][..., None], width + 1, axis=-1)
    at = places - width * np.arange(rows).reshape(of_row.shape)
    np.put_along_axis(values, at, one.records["kept"].astype(np.float32), axis=-1)
    return values


def _mean(
    values: Float64[np.ndarray, "rows columns"], counts: Float64[np.ndarray, "rows columns"], scale: Scale
) -> Float64[np.ndarray, " rows"]:
    left = counts.sum(axis=1)
    if scale == "logits":
        return np.asarray(logsumexp(values, axis=1, b=counts)) - np.log(left)
    return (values * counts).sum(axis=1) / left
