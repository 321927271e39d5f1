"""Logistic stacking: scores of all members, weighted and shifted, are scores again.

p = activation(sum of weight_m * score_m + bias_c), fitted to the log loss: a logarithmic opinion pool with a bias per
class (Heskes, Selecting weighting factors in logarithmic opinion pools, 1998). One weight per member and not per member
and class: 120 classes would otherwise take 14,400 weights per member.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64
from scipy.optimize import minimize

from foldline.card.activations import ColumnDistributions, Form
from foldline.ensembling.columns import columns_of
from foldline.ensembling.link import (
    SMALLEST,
    Counts,
    column_by_column,
    log_distributions,
    predictions_of_scores,
    scores_from,
)


@dataclass(frozen=True)
class Pool:
    weights: Float64[np.ndarray, " members"]
    biases: Float64[np.ndarray, " outputs"]
    """A single zero where a column stands for many classes: biases of so many would follow a handful of rows each."""


def pooled(
    pool: Pool, stacked: Float32[np.ndarray, "rows members outputs"], form: Form, counts: Counts = None
) -> Float32[np.ndarray, "rows outputs"]:
    scores = np.einsum("rmc,m->rc", scores_from(stacked, form), pool.weights) + pool.biases
    return predictions_of_scores(scores, form, counts).astype(np.float32)


def fit_pool(
    together: Float32[np.ndarray, "rows members outputs"], targets: np.ndarray, form: Form, penalty: float
) -> Pool:
    """The pool with the least log loss plus `penalty` times its squared distance from equal weights and no biases.

    Convex, by L-BFGS with exact gradients.
    """
    columns = columns_of((together,))
    (stacked,), counts, places = columns.values, columns.counts, columns.places(targets)
    rows, members, outputs = stacked.shape
    biased = outputs if counts is None else 0
    scores = np.maximum(scores_from(stacked, form), np.log(np.finfo(np.float64).eps))
    truth = _truth(places, outputs)
    equal = np.full(members, 1 / members)

    def cost(parameters: Float64[np.ndarray, " parameters"]) -> tuple[float, np.ndarray]:
        weights, biases = parameters[:members], parameters[members:]
        mixture = np.einsum("rmc,m->rc", scores, weights) + (biases if biased else 0)
        loss, slope = _loss_and_slope(mixture, truth, form, counts)
        away = np.concatenate([weights - equal, biases])
        gradient = np.concatenate([np.einsum("rmc,rc->m", scores, slope), slope.sum(axis=0)[:biased]])
        return (loss + penalty * float(away @ away)) / rows, (gradient + 2 * penalty * away) / rows

    found = minimize(cost, np.concatenate([equal, np.zeros(biased)]), jac=True, method="L-BFGS-B")
    return Pool(found.x[:members], found.x[members:] if biased else np.zeros(1))


def _truth(places: np.ndarray, outputs: int) -> Float64[np.ndarray, "rows outputs"]:
    """What each output should have said; positions of labels become 1 there, and a missing one 0 everywhere."""
    if places.dtype.kind != "i":
        return places.astype(np.float64)
    truth = np.zeros((len(places), outputs))
    rows, asked = (places.reshape(len(places), -1) >= 0).nonzero()
    truth[rows, places.reshape(len(places), -1)[rows, asked]] = 1
    return truth


def _loss_and_slope(
    scores: Float64[np.ndarray, "rows outputs"], truth: Float[np.ndarray, "rows outputs"], form: Form, counts: Counts
) -> tuple[float, Float64[np.ndarray, "rows outputs"]]:
    """The summed log loss, and how it grows with each score."""
    if counts is not None:
        predictions = predictions_of_scores(scores, form, counts)
        return -float((truth * np.log(np.maximum(predictions, SMALLEST))).sum()), predictions * counts - truth
    predictions = predictions_of_scores(scores, form)
    if isinstance(form, ColumnDistributions):
        # Of a column without a label neither loss nor slope.
        known = column_by_column(lambda mine: np.broadcast_to(mine.sum(axis=1)[:, None], mine.shape), truth, form.sizes)
        return -float((truth * log_distributions(scores, form)).sum()), predictions * known - truth
    slope = predictions - truth
    if form == "distribution":
        return -float((truth * log_distributions(scores, form)).sum()), slope
    return float((np.logaddexp(0, scores) - truth * scores).sum()), slope
