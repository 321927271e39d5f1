"""How alike members are: what an ensemble gains from is that they differ."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from foldline.card.activations import ColumnDistributions, Form, holds_probabilities
from foldline.ensembling.scales import Inputs
from foldline.files.arrays import row_blocks
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
    named = [_named(one, form) for one in inputs]
    different = [[_share_of_different_rows(one, other) for other in named] for one in named]
    return Agreement(_correlation(inputs), np.array(different))


def _correlation(inputs: Inputs) -> Float64[np.ndarray, "members members"]:
    """In blocks, which alone are as wide as there are classes."""
    count, sums, products = 0, np.zeros(len(inputs)), np.zeros((len(inputs), len(inputs)))
    for block in row_blocks(inputs[0].shape):
        rows = np.stack([one[block].ravel() for one in inputs]).astype(np.float64)
        count, sums, products = count + rows.shape[1], sums + rows.sum(axis=1), products + rows @ rows.T
    beyond = products - np.outer(sums, sums) / count
    with np.errstate(invalid="ignore", divide="ignore"):
        return beyond / np.sqrt(np.outer(np.diag(beyond), np.diag(beyond)))


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
