"""`folds.csv` from the tables: which train rows can be learned from, which stay together, and their folds."""

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.competition.clusters import join_rows
from foldline.competition.splitting import deal
from foldline.config.split import Split

SHOWN_CLASSES = 12


def learnable_images(rows: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """The readable images of train rows; a train row without one belongs to no fold."""
    train_rows = np.flatnonzero(rows["part"] == "train")
    return images[images["row"].isin(train_rows) & images["error"].isna()]


def make_folds(
    rows: pd.DataFrame, strata: Int64[np.ndarray, " rows"], images: pd.DataFrame, pairs: pd.DataFrame, split: Split
) -> pd.DataFrame:
    """The table of `tables/folds.py`, for the rows of `images` in their order.

    strata: the class of each of `rows`. images: as `learnable_images` gives them. pairs: first, second, the positions
    of near-duplicates in the pixel cache. Raises Refusal when there are fewer clusters than folds.
    """
    kept = np.unique(images["row"].to_numpy())
    renumbered = images.assign(row=np.searchsorted(kept, images["row"]))
    clusters = join_rows(rows["group"].iloc[kept], renumbered, pairs)
    folds = deal(clusters, strata[kept], split.count, split.seed)
    return pd.DataFrame({"row_id": rows["row_id"].to_numpy()[kept], "fold": folds, "cluster": clusters})


def count_by_fold(
    folds: pd.DataFrame, strata: Int64[np.ndarray, " folds"], classes: tuple[str, ...], most: int = SHOWN_CLASSES
) -> pd.DataFrame:
    """Rows, clusters, and rows of each class by fold; of more than `most` classes the most frequent and the rarest."""
    by_fold = folds.groupby("fold")
    totals = pd.DataFrame({"rows": by_fold.size(), "clusters": by_fold["cluster"].nunique()}).T
    counts = pd.crosstab(pd.Series(strata, name="class"), folds["fold"].to_numpy())
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    if len(counts) > most:
        totals.loc["classes"] = (counts > 0).sum()
        counts = pd.concat([counts.head(most // 2), counts.tail(most // 2)])
    else:
        counts = counts.sort_index()
    counts.index = pd.Index([classes[code] for code in counts.index])
    return pd.concat([totals, counts]).rename_axis(columns="fold")
