"""Ranks in the place of predictions: what is left of them is their order."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Float32, Int64

from foldline.card.activations import ColumnDistributions, Form, form_of
from foldline.ensembling.link import predictions_from
from foldline.ensembling.members import Member, finite
from foldline.files.refusal import Refusal


def ranks_within(
    predictions: Float[np.ndarray, "rows outputs"], groups: Int64[np.ndarray, " rows"], form: Form
) -> Float32[np.ndarray, "rows outputs"]:
    """Each column's ranks among the rows of a group, as shares between 0 and 1; equal ones share theirs.

    groups: the rows of different models are on different scales. A binary distribution stays one; Raises Refusal for
    one of more classes, which ranks are none of.
    """
    _refuse_many_classes(form, predictions.shape[1])
    from scipy.stats import rankdata  # A second of start-up, which experiments without ranks are spared.

    ranks = np.empty(predictions.shape, np.float32)
    for group in np.unique(groups).tolist():
        mine = groups == group
        ranks[mine] = (rankdata(predictions[mine], axis=0) - 0.5) / mine.sum()
    if form == "distribution":
        ranks[:, 0] = 1 - ranks[:, 1]
    return ranks


def _refuse_many_classes(form: Form, outputs: int) -> None:
    if isinstance(form, ColumnDistributions) or (form == "distribution" and outputs != 2):
        raise Refusal(
            "ensemble.method.kind is ranks: the ranks of several classes are no distribution. Choose equal or greedy."
        )


def ranked(one: Member) -> Member:
    """The member with ranks in the place of its logits, view by view: among its validation rows, which are those of
    its fold, and among all test rows. A rank takes all rows at once: they are in memory."""
    return replace(one, activation="identity", validation=_ranks_of(one, one.validation), test=_ranks_of(one, one.test))


def _ranks_of(
    one: Member, logits: Float32[np.ndarray, "rows views outputs"]
) -> Float32[np.ndarray, "rows views predicted"]:
    if one.activation == "softmax":
        _refuse_many_classes("distribution", logits.shape[2])
    # In float32, many a certain model's probabilities are all 1, and in no order.
    wide = finite(logits, np.arange(len(logits)), one.name).astype(np.float64)
    predictions = predictions_from(wide, one.activation)
    together, form = np.zeros(len(logits), np.int64), form_of(one.activation)
    by_view = [ranks_within(predictions[:, view], together, form) for view in range(predictions.shape[1])]
    return np.stack(by_view, axis=1)
