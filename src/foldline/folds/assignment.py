"""`folds.csv` from the tables: which train rows can be learned from, which stay together, and their folds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from foldline.card.targets.target_kind import Strata
from foldline.folds.splitting import Split, assign_folds

SHOWN_CLASSES = 12


def learnable_images(rows: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """The readable images of train rows; a train row without one belongs to no fold."""
    train_rows = np.flatnonzero(rows["part"] == "train")
    return images[images["row"].isin(train_rows) & images["error"].isna()]


@dataclass(frozen=True)
class TrainRows:
    """How many there are to learn from, and in how many clusters that no fold may cut."""

    count: int
    clusters: int
    groups: int
    """Clusters where near-duplicate images are ignored."""


def count_train_rows(rows: pd.DataFrame, images: pd.DataFrame, pairs: pd.DataFrame) -> TrainRows:
    """rows, images: as in their tables. pairs: of near-duplicates."""
    learnable = learnable_images(rows, images)
    (kept, joined), (_, alone) = (_clusters_of(rows, learnable, which) for which in (pairs, pairs[:0]))
    return TrainRows(len(kept), len(np.unique(joined)), len(np.unique(alone)))


def make_folds(
    rows: pd.DataFrame, strata: Strata, images: pd.DataFrame, pairs: pd.DataFrame, split: Split
) -> pd.DataFrame:
    """The table of `folds/folds_table.py`, for the rows of `images` in their order.

    rows: all of them. strata: of the rows of `images`. images: as `learnable_images` gives them. pairs: first, second,
    the indices of near-duplicates in the pixel cache, those of test images among them: train rows that resemble
    one test image stay together. Raises Refusal when there are fewer clusters than folds.
    """
    kept, clusters = _clusters_of(rows, images, pairs)
    folds = assign_folds(clusters, strata.of_rows, split.count, split.seed)
    return pd.DataFrame({"row_id": rows["row_id"].to_numpy()[kept], "fold": folds, "cluster": clusters})


def _clusters_of(
    rows: pd.DataFrame, images: pd.DataFrame, pairs: pd.DataFrame
) -> tuple[Int64[np.ndarray, " kept"], Int64[np.ndarray, " kept"]]:
    """The rows of `images` and the cluster of each; all as `make_folds` takes them."""
    kept = np.unique(images["row"].to_numpy())
    renumbered = images.assign(row=np.searchsorted(kept, images["row"]))
    return kept, join_rows(rows["group"].iloc[kept], renumbered, pairs)


def join_rows(groups: pd.Series, images: pd.DataFrame, pairs: pd.DataFrame) -> Int64[np.ndarray, " rows"]:
    """The number of each row's cluster, counted in the order of first rows.

    groups: one per row, missing for rows that belong to none. images: row (0 .. rows - 1), cache_index. pairs: first,
    second, cache indices of near-duplicates. Clusters are the connected components of the graph whose nodes are rows,
    cache indices and groups.
    """
    rows = len(groups)
    indices = 1 + int(np.concatenate([images["cache_index"], pairs["first"], pairs["second"]]).max(initial=-1))
    group_codes, names = pd.factorize(groups)
    grouped = np.flatnonzero(group_codes >= 0)
    ends = np.concatenate([images["row"], rows + pairs["first"], grouped])
    others = np.concatenate(
        [rows + images["cache_index"], rows + pairs["second"], rows + indices + group_codes[grouped]]
    )
    nodes = rows + indices + len(names)
    edges = coo_array((np.ones(len(ends), dtype=np.int8), (ends, others)), shape=(nodes, nodes))
    _, components = connected_components(edges, directed=False)
    clusters, _ = pd.factorize(components[:rows])
    return clusters.astype(np.int64)


def count_by_fold(folds: pd.DataFrame, strata: Strata, groups: pd.Series, most: int = SHOWN_CLASSES) -> pd.DataFrame:
    """Rows, clusters, groups, and rows of each stratum by fold; of more than `most` strata the most frequent and the
    rarest. groups: of the same rows, missing for rows that belong to none."""
    by_fold = folds.groupby("fold")
    totals = pd.DataFrame({"rows": by_fold.size(), "clusters": by_fold["cluster"].nunique()}).T
    if groups.notna().any():
        totals.loc["groups"] = groups.groupby(folds["fold"].to_numpy()).nunique()
    if strata.of_rows.ndim == 1:
        rows, found = np.arange(len(folds)), strata.of_rows
    else:
        rows, found = strata.of_rows.nonzero()
    counts = pd.crosstab(pd.Series(found, name="class"), folds["fold"].to_numpy()[rows])
    counts = counts.reindex(columns=totals.columns, fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    if len(counts) > most:
        totals.loc["classes"] = (counts > 0).sum()
        counts = pd.concat([counts.head(most // 2), counts.tail(most // 2)])
    else:
        counts = counts.sort_index()
    counts.index = pd.Index([strata.names[code] for code in counts.index])
    return pd.concat([totals, counts]).rename_axis(columns="fold")
