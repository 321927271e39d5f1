"""Which images a row's prediction is the mean of, and which process predicts which rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64, Int64

from foldline.files.refusal import Refusal, listed


@dataclass(frozen=True)
class RowImages:
    """The images of some rows, sorted by row; every row from 0 to `count` - 1 has at least one."""

    cache_indices: Int64[np.ndarray, " images"]
    """In the pixel cache."""
    rows: Int64[np.ndarray, " images"]
    """Which of the rows each image belongs to."""
    count: int
    tabular: tuple[Float32[np.ndarray, "count tabular"], ...] = ()
    """The rows' tabular features, if the model takes them."""

    def part(self, process: int, processes: int) -> "RowImages":
        """The images of a contiguous part of the rows. The parts of all processes are all rows, each once."""
        start, end = (self.count * number // processes for number in (process, process + 1))
        images = slice(*np.searchsorted(self.rows, [start, end]))
        return replace(self, cache_indices=self.cache_indices[images], rows=self.rows[images])


def row_images(
    rows: pd.DataFrame,
    images: pd.DataFrame,
    ids: Sequence[str],
    part: str,
    tabular: tuple[Float32[np.ndarray, "rows tabular"], ...] = (),
) -> RowImages:
    """The images to predict from, of the rows of `part` with these ids, in their order.

    `rows`, `images`: the tables rows.parquet and images.parquet. Images that cannot be read are left out, unless a
    row has no other: it is then predicted from the blank ones instead. `tabular`: what the model is told besides
    them, a row per id. Raises Refusal for a row without images.
    """
    of_part = rows[rows["part"] == part]
    position_of_id = pd.Series(np.arange(len(ids)), index=list(ids))
    position_of_row = pd.Series(of_part["row_id"].map(position_of_id).to_numpy(), index=of_part.index).dropna()
    mine = images[images["row"].isin(position_of_row.index)]
    readable = mine["error"].isna()
    kept = mine[readable | ~mine["row"].isin(mine.loc[readable, "row"])]
    positions = kept["row"].map(position_of_row).to_numpy(np.int64)
    missing = [ids[row] for row in np.setdiff1d(np.arange(len(ids)), positions).tolist()]
    if missing:
        raise Refusal(
            f"images.parquet has no image of {len(missing)} {part} rows: {listed(missing)}. "
            "Run `dvc repro -f -s prepare`."
        )
    order = np.argsort(positions, kind="stable")
    return RowImages(kept["cache_index"].to_numpy(np.int64)[order], positions[order], len(ids), tabular)


Aggregate = Literal["mean", "max"]
Outputs = Float32[np.ndarray, "some views outputs"]


class OpenRows:
    """What the images seen so far say of rows that have more of them. No row depends on where batches begin."""

    def __init__(self, images: RowImages, aggregate: Aggregate) -> None:
        self._counts = np.bincount(images.rows, minlength=images.count)
        self._left = self._counts.copy()
        self._aggregate = aggregate
        self._open: dict[int, Float64[np.ndarray, "views outputs"]] = {}

    def add(
        self, rows: Int64[np.ndarray, " images"], outputs: Float32[np.ndarray, "images views outputs"]
    ) -> tuple[Int64[np.ndarray, " some"], Outputs]:
        """The outputs of some images, and the rows these belong to; returns the rows that are whole by them, and the
        mean, or the highest, of all their images' outputs."""
        found, position = np.unique(rows, return_inverse=True)
        start = np.full(outputs.shape[1:], 0.0 if self._aggregate == "mean" else -np.inf)
        totals = np.stack([self._open.pop(row, start) for row in found.tolist()])
        if self._aggregate == "mean":
            np.add.at(totals, position, outputs / self._counts[rows, None, None])
        else:
            np.maximum.at(totals, position, outputs)
        np.subtract.at(self._left, rows, 1)
        whole = self._left[found] == 0
        self._open.update(zip(found[~whole].tolist(), totals[~whole], strict=True))
        return found[whole], totals[whole].astype(np.float32)
