"""Greedy selection with replacement (Caruana et al., Ensemble Selection from Libraries of Models, 2004)."""

import numpy as np
from jaxtyping import Float32, Float64

from foldline.ensembling.columns import columns_of
from foldline.ensembling.steps import Judge

LEAST_GAIN = 1e-12


def greedy_weights(
    together: Float32[np.ndarray, "rows members outputs"], targets: np.ndarray, judge: Judge, rounds: int
) -> Float64[np.ndarray, " members"]:
    """How often each member was added, as shares of the best ensemble on the way: any metric.

    Equal weights are where it starts from: they stay unless it finds better ones. In each round the member is added
    with which the mean scores best; of equal ones, the one that was added least.
    """
    columns = columns_of((together,))
    (stacked,) = columns.values
    members = stacked.shape[1]

    def worth_of(total: Float64[np.ndarray, "rows columns"], size: int) -> float:
        score = judge.score(targets, (columns.predictions((total / size).astype(np.float32)),))
        return score if judge.metric.higher_is_better else -score

    counts, best_counts = np.zeros(members, np.int64), np.ones(members, np.int64)
    best = worth_of(stacked.sum(axis=1, dtype=np.float64), members)
    total = np.zeros((len(stacked), stacked.shape[2]))
    for size in range(1, rounds + 1):
        worth = np.array([worth_of(total + stacked[:, one], size) for one in range(members)])
        equal = np.flatnonzero(worth >= worth.max() - LEAST_GAIN)
        added = int(equal[np.argmin(counts[equal])])
        counts[added] += 1
        total += stacked[:, added]
        if worth[added] > best + LEAST_GAIN:
            best, best_counts = worth[added], counts.copy()
    return best_counts / best_counts.sum()
