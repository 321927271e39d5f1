"""From logits to predictions, and back to the scale on which a temperature divides."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from jaxtyping import Float, Float64
from scipy.special import expit, log_softmax, softmax

from foldline.card.activations import (
    Activation,
    ColumnDistributions,
    ColumnSoftmax,
    Form,
    PlainActivation,
    holds_probabilities,
)
from foldline.files.class_names import column_slices

SMALLEST = float(np.finfo(np.float64).tiny)
"""Stands for a probability of zero, whose logarithm is none."""

Values = Float[np.ndarray, "*axes outputs"]
Counts = Float64[np.ndarray, "rows outputs"] | None
"""How many equal classes each output stands for; None where each is one (foldline/ensembling/columns.py)."""


def predictions_from(
    logits: Values, activation: Activation, counts: Counts = None
) -> Float[np.ndarray, "*axes predicted"]:
    """Of `cumulative` logits, of which the l-th says whether the row lies above level l, one more than there are.

    counts: of a softmax, whose outputs alone may stand for many classes.
    """
    if isinstance(activation, ColumnSoftmax):
        return column_by_column(_softmax, logits, activation.sizes)
    return ACTIVATE[activation](logits) if counts is None else _counted_softmax(logits, counts)


def scores_from(predictions: Values, form: Form) -> Values:
    """Logits that `predictions_of_scores` turns into these predictions: log p, log(p / (1 - p)), or the value."""
    if not holds_probabilities(form):
        return predictions
    wide = predictions.astype(np.float64)
    scores = np.log(np.maximum(wide, SMALLEST))
    return scores - np.log(np.maximum(1 - wide, SMALLEST)) if form == "independent" else scores


def predictions_of_scores(scores: Values, form: Form, counts: Counts = None) -> Values:
    if counts is not None:
        return _counted_softmax(scores, counts)
    if not holds_probabilities(form):
        return scores
    if isinstance(form, ColumnDistributions):
        return column_by_column(_softmax, scores, form.sizes)
    return _softmax(scores) if form == "distribution" else expit(scores)


def log_distributions(scores: Values, form: Form) -> Values:
    """The logarithms of `predictions_of_scores`, exact also where a probability is too small for a float."""
    of_one = partial(log_softmax, axis=-1)
    return column_by_column(of_one, scores, form.sizes) if isinstance(form, ColumnDistributions) else of_one(scores)


def column_by_column(operation: Callable[[Values], Values], values: Values, sizes: Sequence[int]) -> Values:
    """What the operation makes of each column's outputs by themselves; sizes: how many each column has."""
    return np.concatenate([operation(values[..., mine]) for mine in column_slices(sizes)], axis=-1)


def _softmax(logits: Values) -> Values:
    return softmax(logits, axis=-1)


def _counted_softmax(logits: Values, counts: Float64[np.ndarray, "rows outputs"]) -> Values:
    """What each of an output's classes has: all classes together sum to one."""
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / np.einsum("r...c,rc->r...", shares, counts)[..., None]


def _normalised_sigmoid(logits: Values) -> Values:
    """sigmoid(logits) / their sum, also where all sigmoids are too small for a float."""
    return np.exp(log_softmax(-np.logaddexp(0, -logits), axis=-1))


def _cumulative(logits: Float[np.ndarray, "*axes thresholds"]) -> Float[np.ndarray, "*axes levels"]:
    """P(level l) = P(above l - 1) - P(above l). A model's thresholds may cross: the higher gives way to the lower."""
    above = np.minimum.accumulate(expit(logits), axis=-1)
    ends = np.ones_like(above[..., :1])
    return -np.diff(above, axis=-1, prepend=ends, append=0 * ends)


def _identity(logits: Values) -> Values:
    return logits


ACTIVATE: Mapping[PlainActivation, Callable[[np.ndarray], np.ndarray]] = {
    "softmax": _softmax,
    "sigmoid": expit,
    "normalised_sigmoid": _normalised_sigmoid,
    "cumulative": _cumulative,
    "identity": _identity,
    "level": _identity,
}
