"""How alike members are: what an ensemble gains from is that they differ."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from foldline.card.activations import ColumnDistributions, Form, holds_probabilities
from foldline.ensembling.columns import Inputs, column_blocks, columns_of
from foldline.files.compact import CompactArray, rows_at
from foldline.metrics.decisions.labels import most_probable
from foldline.metrics.decisions.several_labels import likeliest_of_each


@dataclass(frozen=True)
class Agreement:
    correlation: Float64[np.ndarray, "members members"]
    """Of the members' predictions, all rows and outputs together."""
    disagreement: Float64[np.ndarray, "members members"]
    """The share of rows for which they name different classes: the likeliest, of each column where there are several,
    or those of at least one half."""


def agreement(inputs: Inputs, form: Form) -> Agreement:
    """`inputs`: the members' predictions of the same rows. Numbers name no class: their disagreement is NaN."""
    correlation = _of_compact(inputs) if isinstance(inputs[0], CompactArray) else _of_dense(inputs)
    named = [_named(one, form) for one in inputs]
    different = [[_share_of_different_rows(one, other) for other in named] for one in named]
    return Agreement(correlation, np.array(different))


def _of_dense(inputs: Inputs) -> Float64[np.ndarray, "members members"]:
    with np.errstate(invalid="ignore"):
        return np.atleast_2d(np.corrcoef([one.ravel() for one in inputs]))


def _of_compact(inputs: Inputs) -> Float64[np.ndarray, "members members"]:
    """Of distributions, whose numbers are 1 / classes on average: the correlation of what they are beyond that."""
    products = np.zeros((len(inputs), len(inputs)))
    for block in column_blocks(inputs):
        columns = columns_of(tuple(rows_at(one, block) for one in inputs))
        beyond = np.stack(columns.values) - 1 / inputs[0].shape[1]
        assert columns.counts is not None
        products += np.einsum("irc,jrc,rc->ij", beyond, beyond, columns.counts, optimize=True)
    spreads = np.sqrt(np.diag(products))
    return products / np.outer(spreads, spreads)


def _named(predictions: np.ndarray, form: Form) -> np.ndarray | None:
    if not holds_probabilities(form):
        return None
    if isinstance(form, ColumnDistributions):
        return likeliest_of_each(form.sizes)(predictions)
    return most_probable(predictions) if form == "distribution" else predictions >= 0.5


def _share_of_different_rows(one: np.ndarray | None, other: np.ndarray | None) -> float:
    if one is None or other is None:
        return math.nan
    return float((one != other).reshape(len(one), -1).any(axis=1).mean())
