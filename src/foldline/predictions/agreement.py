"""How alike members are: what an ensemble gains from is that they differ."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from foldline.predictions.steps import Inputs
from foldline.tables.activations import Form, holds_probabilities


@dataclass(frozen=True)
class Agreement:
    correlation: Float64[np.ndarray, "members members"]
    """Of the members' predictions, all rows and outputs together."""
    disagreement: Float64[np.ndarray, "members members"]
    """The share of rows for which they name different classes: the likeliest, or those of at least one half."""


def agreement(inputs: Inputs, form: Form) -> Agreement:
    """`inputs`: the members' predictions of the same rows. Numbers name no class: their disagreement is NaN."""
    with np.errstate(invalid="ignore"):
        correlation = np.atleast_2d(np.corrcoef([one.ravel() for one in inputs]))
    named = [_named(one, form) for one in inputs]
    different = [[_share_of_different_rows(one, other) for other in named] for one in named]
    return Agreement(correlation, np.array(different))


def _named(predictions: np.ndarray, form: Form) -> np.ndarray | None:
    if not holds_probabilities(form):
        return None
    return predictions.argmax(axis=1) if form == "distribution" else predictions >= 0.5


def _share_of_different_rows(one: np.ndarray | None, other: np.ndarray | None) -> float:
    if one is None or other is None:
        return math.nan
    return float((one != other).reshape(len(one), -1).any(axis=1).mean())
