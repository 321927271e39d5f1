"""Folds: whole clusters, every stratum spread evenly, the same on every machine.

Only integers decide (a sum of floats depends on the machine's order of adding), ties go to the lowest fold, and the
one source of chance is numpy's PCG64.
"""

from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Int64
from pydantic import Field, NonNegativeInt

from foldline.files.progress import progress
from foldline.files.refusal import Refusal
from foldline.params.section import Section


class Split(Section):
    count: Annotated[int, Field(ge=2, le=1000)]
    seed: NonNegativeInt
    near_duplicates: Literal["same_fold", "ignored"]
    """same_fold: rows whose images are near-duplicates (verified on pixels) share a fold. ignored: not looked for."""


ONE = 1 << 32
"""The cost of a whole class. A cluster's cost, at most twice ONE times its rows, stays below 2**63."""


def assign_folds(
    clusters: Int64[np.ndarray, " rows"],
    strata: Int64[np.ndarray, " rows"] | Bool[np.ndarray, "rows strata"],
    count: int,
    seed: int,
) -> Int64[np.ndarray, " rows"]:
    """The fold, 0 .. count - 1, of each row.

    clusters: rows with the same number share a fold. strata: what each fold gets its share of, one per row or several.
    Clusters are assigned one by one, the largest first and of these the one with the rarest stratum, each to the fold
    whose balance it disturbs least. Single rows of one stratum each fill up the differences in the end: without
    larger clusters no two folds differ by more than one row, nor by more than one row of any stratum. Raises Refusal
    when there are fewer clusters than folds. Source of rarest first: Sechidis, Tsoumakas and Vlahavas, On the
    Stratification of Multi-label Data, 2011.
    """
    clusters = np.unique(clusters, return_inverse=True)[1].astype(np.int64)
    sizes = np.bincount(clusters)
    if len(sizes) < count:
        fewer = f"Set split.count to at most {len(sizes)}, or name" if len(sizes) > 1 else "Name"
        raise Refusal(
            f"split.count is {count}, but there are {len(sizes)} clusters of rows that must stay together (same group, "
            f"same or near-duplicate images) among {len(clusters)} rows. {fewer} a column with more values as "
            "target.group in the card, or null; if images that only resemble each other join the rows, look at "
            "split.near_duplicates."
        )
    shuffled = np.random.Generator(np.random.PCG64(seed)).permutation(len(clusters))
    if strata.ndim == 2:
        totals, is_single = strata.sum(axis=0), np.zeros(len(shuffled), bool)
    else:
        strata = np.unique(strata, return_inverse=True)[1].astype(np.int64)
        totals, is_single = np.bincount(strata), sizes[clusters[shuffled]] == 1
    several, singles = shuffled[~is_single], shuffled[is_single]
    rows, found = strata[several].nonzero() if strata.ndim == 2 else (np.arange(len(several)), strata[several])
    counts = np.zeros((len(totals), count), dtype=np.int64)
    folds = np.empty(len(clusters), dtype=np.int64)
    folds[several] = _assign_clusters(clusters[several], rows, found, totals, counts, len(clusters))
    if len(singles):
        folds[singles] = _assign_singles(strata[singles], counts)
    return folds


def _assign_clusters(
    clusters: Int64[np.ndarray, " some"],
    rows: Int64[np.ndarray, " pairs"],
    strata: Int64[np.ndarray, " pairs"],
    totals: Int64[np.ndarray, " strata"],
    counts: Int64[np.ndarray, "strata folds"],
    all_rows: int,
) -> Int64[np.ndarray, " some"]:
    """The fold of each row, in whole clusters; adds the rows to `counts`. rows, strata: which row is in which stratum.

    A fold f in which stratum c has n rows costs n²/N_c for each stratum and (all its rows)²/N; every cluster goes where
    it adds least to the sum over folds. The squares of what it brings are the same everywhere and are left out.
    """
    cluster_order, first, cluster_of_row = np.unique(clusters, return_index=True, return_inverse=True)
    sizes = np.bincount(cluster_of_row, minlength=len(cluster_order))
    pairs, amounts = np.unique(cluster_of_row[rows] * len(totals) + strata, return_counts=True)
    owners, owned = np.divmod(pairs, len(totals))
    bounds = np.searchsorted(owners, np.arange(len(cluster_order) + 1))
    rarest = np.full(len(cluster_order), len(clusters))
    np.minimum.at(rarest, owners, totals[owned])
    costs = amounts * (ONE // totals[owned])
    fold_rows = counts.sum(axis=0)
    row_cost = ONE // all_rows
    assigned = np.empty(len(cluster_order), dtype=np.int64)
    for cluster in progress(np.lexsort((first, rarest, -sizes)), desc="clusters", unit="cluster"):
        own = slice(bounds[cluster], bounds[cluster + 1])
        cost = costs[own] @ counts[owned[own]] + int(sizes[cluster]) * row_cost * fold_rows
        fold = int(np.argmin(cost))
        counts[owned[own], fold] += amounts[own]
        fold_rows[fold] += sizes[cluster]
        assigned[cluster] = fold
    return assigned[cluster_of_row]


def _assign_singles(
    strata: Int64[np.ndarray, " some"], counts: Int64[np.ndarray, "strata folds"]
) -> Int64[np.ndarray, " some"]:
    """The fold of each row by itself; adds the rows to `counts`. Each class fills its lowest folds up to one level."""
    by_class = np.argsort(strata, kind="stable")
    fold_rows = counts.sum(axis=0)
    assigned = []
    for stratum, amount in zip(*np.unique(strata, return_counts=True), strict=True):
        additions = _fill(counts[stratum], fold_rows, int(amount))
        counts[stratum] += additions
        fold_rows += additions
        assigned.append(np.repeat(np.arange(len(additions)), additions))
    folds = np.empty(len(strata), dtype=np.int64)
    folds[by_class] = np.concatenate(assigned)
    return folds


def _fill(
    levels: Int64[np.ndarray, " folds"], fold_rows: Int64[np.ndarray, " folds"], amount: int
) -> Int64[np.ndarray, " folds"]:
    """`amount` rows poured onto `levels`, as water finds its level; what is left over goes to the smallest folds."""
    order = np.lexsort((fold_rows, levels))
    rising = levels[order]
    # How many rows lift all lower folds to this one's level.
    needed = np.arange(len(rising)) * rising - (np.cumsum(rising) - rising)
    lowest = order[: np.searchsorted(needed, amount, side="right")]
    level, rest = divmod(amount + int(levels[lowest].sum()), len(lowest))
    additions = np.zeros_like(levels)
    additions[lowest] = level - levels[lowest]
    smallest = lowest[np.argsort(fold_rows[lowest] + additions[lowest], kind="stable")]
    additions[smallest[:rest]] += 1
    return additions
