"""Section `predict`: which rows a model predicts, each once, and of which images, in any number of processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64, Int64
from pydantic import Field, NonNegativeInt, PositiveInt

from foldline.card.views import View
from foldline.files.refusal import Refusal, listed
from foldline.params.section import EACH_ONCE, Section


class Predict(Section):
    views: Annotated[tuple[View, ...], Field(min_length=1), EACH_ONCE]
    """Flips and turns must be among the symmetries that the card allows."""
    precision: Literal["float32", "bfloat16", "float16"]
    """Of the forward pass; logits are float32 whatever it is."""
    batch_size: PositiveInt
    """Images per step, in all processes together."""
    workers: NonNegativeInt
    """Loader processes per process."""


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

    @property
    def firsts(self) -> Int64[np.ndarray, " count"]:
        """Of each row its first image's index in the pixel cache."""
        return self.cache_indices[np.searchsorted(self.rows, np.arange(self.count))]

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


@dataclass(frozen=True)
class ExpectedRows:
    """The rows that the predictions of some folds must cover, in the order of rows.parquet."""

    out_of_fold_ids: tuple[str, ...]
    folds: Int64[np.ndarray, " out_of_fold_rows"]
    clusters: Int64[np.ndarray, " out_of_fold_rows"]
    """Rows of one cluster are not independent."""
    test_ids: tuple[str, ...]

    def in_fold(self, fold: int) -> Int64[np.ndarray, " fold_rows"]:
        """Positions of the fold's rows among the out-of-fold rows."""
        return np.flatnonzero(self.folds == fold)


def expected_rows(rows: pd.DataFrame, folds: pd.DataFrame, run_folds: Sequence[int]) -> ExpectedRows:
    """`rows`, `folds`: the tables rows.parquet and folds.csv. Train rows without a fold are none of them.

    Raises Refusal when the tables do not fit each other, or when a fold to run has no rows.
    """
    train, tests = (rows.loc[rows["part"] == part, "row_id"] for part in ("train", "test"))
    unknown = folds.loc[~folds["row_id"].isin(train), "row_id"]
    if len(unknown):
        raise Refusal(
            f"folds.csv lists rows that are not in rows.parquet: {listed(unknown)}. Run `dvc repro -f -s split`."
        )
    fold_of_row = train.map(folds.set_index("row_id")["fold"])
    chosen = fold_of_row.isin(list(run_folds))
    absent = sorted(set(run_folds) - set(folds["fold"]))
    if absent:
        raise Refusal(
            f"folds.csv has no rows in fold {listed(absent)}, it has the folds {listed(sorted(set(folds['fold'])))}. "
            "Correct `folds` in params.yaml."
        )
    return ExpectedRows(
        out_of_fold_ids=tuple(train[chosen]),
        folds=fold_of_row[chosen].to_numpy(np.int64),
        clusters=clusters_of(folds, list(train[chosen])),
        test_ids=tuple(tests),
    )


def clusters_of(folds: pd.DataFrame, ids: Sequence[str]) -> Int64[np.ndarray, " rows"]:
    """The cluster of each row, as folds.csv says; -1 for rows that it does not name."""
    return folds.set_index("row_id")["cluster"].reindex(list(ids)).fillna(-1).to_numpy(np.int64)


def positions_in(expected: Sequence[str], found: Sequence[str], name: str) -> Int64[np.ndarray, " expected_rows"]:
    """The position in `found` of each expected id. Raises Refusal, naming rows, unless each is there exactly once.

    `name` says whose rows these are: `fold 0, seed 0, validation`.
    """
    ids = pd.Index(found)
    cure = f"Run `dvc repro -f` for the stage that predicts {name.rpartition(',')[0]}."
    if not ids.is_unique:
        raise Refusal(f"{name}: rows are predicted twice: {listed(ids[ids.duplicated()].unique())}. {cure}")
    positions = ids.get_indexer(pd.Index(expected))
    missing = np.flatnonzero(positions < 0).tolist()
    if missing:
        raise Refusal(
            f"{name}: {len(missing)} of {len(expected)} rows are not predicted: "
            f"{listed(expected[row] for row in missing)}. {cure}"
        )
    if len(ids) > len(expected):
        unknown = ids[~ids.isin(list(expected))]
        raise Refusal(f"{name}: {len(unknown)} rows do not belong there: {listed(unknown)}. {cure}")
    return positions.astype(np.int64)
