"""Every row exactly once: where the rows that must be there lie among those that are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.files.refusal import Refusal, listed


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
