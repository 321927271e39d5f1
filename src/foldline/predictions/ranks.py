"""Ranks in the place of predictions: what is left of them is their order."""

import numpy as np
from jaxtyping import Float32, Int64
from scipy.stats import rankdata

from foldline.refusal import Refusal
from foldline.tables.activations import Form


def ranks_within(
    predictions: Float32[np.ndarray, "rows outputs"], groups: Int64[np.ndarray, " rows"], form: Form
) -> Float32[np.ndarray, "rows outputs"]:
    """Each column's ranks among the rows of a group, as shares between 0 and 1; equal ones share theirs.

    groups: the rows of different models are on different scales. A binary distribution stays one; Raises Refusal for
    one of more classes, which ranks are none of.
    """
    if form == "distribution" and predictions.shape[1] != 2:
        raise Refusal(
            "ensemble.method.kind is ranks: the ranks of several classes are no distribution. Choose equal or greedy."
        )
    ranks = np.empty(predictions.shape, np.float32)
    for group in np.unique(groups).tolist():
        mine = groups == group
        ranks[mine] = (rankdata(predictions[mine], axis=0) - 0.5) / mine.sum()
    if form == "distribution":
        ranks[:, 0] = 1 - ranks[:, 1]
    return ranks
