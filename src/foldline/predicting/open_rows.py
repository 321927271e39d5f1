"""Rows whose images come one after the other, in several batches maybe, until each is whole."""

from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64

from foldline.predicting.row_images import RowImages

Aggregate = Literal["mean", "max"]
Outputs = Float32[np.ndarray, "some views outputs"]


class OpenRows:
    """What the images seen so far say of rows that have more of them. No row depends on where batches begin."""

    def __init__(self, images: RowImages, aggregate: Aggregate) -> None:
        self._counts = np.bincount(images.rows, minlength=images.count)
        self._left = self._counts.copy()
        self._aggregate = aggregate
        self._open: dict[int, Float32[np.ndarray, "views outputs"]] = {}

    def add(
        self, rows: Int64[np.ndarray, " images"], outputs: Float32[np.ndarray, "images views outputs"]
    ) -> tuple[Int64[np.ndarray, " some"], Outputs]:
        """The outputs of some images, and the rows these belong to; returns the rows that are whole by them, and the
        mean, or the highest, of all their images' outputs."""
        found, place = np.unique(rows, return_inverse=True)
        start = np.full(outputs.shape[1:], 0 if self._aggregate == "mean" else -np.inf, np.float32)
        totals = np.stack([self._open.pop(row, start) for row in found.tolist()])
        if self._aggregate == "mean":
            np.add.at(totals, place, outputs / self._counts[rows, None, None].astype(np.float32))
        else:
            np.maximum.at(totals, place, outputs)
        np.subtract.at(self._left, rows, 1)
        whole = self._left[found] == 0
        self._open.update(zip(found[~whole].tolist(), totals[~whole], strict=True))
        return found[whole], totals[whole]
