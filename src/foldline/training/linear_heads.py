"""A linear head on fixed features, by scikit-learn: a regression for whatever a model learns of a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from foldline.card.activations import Learned
from foldline.files.class_names import column_slices

MOST_ITERATIONS = 1000
ABSENT = -10.0
"""The bias of a class without a training row, below the least of all others; and of an output that is never, or (with
the other sign) always, a yes: e**-10 as likely as that."""

Weights = Float[np.ndarray, "outputs features"]
Biases = Float[np.ndarray, " outputs"]


@dataclass(frozen=True)
class Rows:
    features: Float[np.ndarray, "rows features"]
    targets: csr_array
    """Fractions per class, (rows, classes)."""
    soft: Float[np.ndarray, "rows outputs"]
    """The same as a loss takes them, as wide as the logits; of values in the units that the head gives."""
    weights: Float32[np.ndarray, " rows"]
    sizes: tuple[int, ...]
    """How many classes each column of a target of several labels has; of all others, how many there are."""


def fit_head(learned: Learned, rows: Rows, inverse_penalty: float) -> tuple[Weights, Biases]:
    """Of features in units of their standard deviations over all rows, so that all are penalised alike; the solver then
    takes a tenth of the time. inverse_penalty: scikit-learn's C there, and the inverse of its alpha."""
    means, deviations = (of(axis=0, dtype=np.float64) for of in (rows.features.mean, rows.features.std))
    units = np.where(deviations > 0, deviations, 1)
    # Products with so few outputs take the longer, the more threads share them: with two, three times as long.
    with threadpool_limits(1, "blas"):
        matrix, biases = FITS[learned](replace(rows, features=(rows.features - means) / units), inverse_penalty)
    return matrix / units, biases - matrix @ (means / units)


def distributions(rows: Rows, inverse_penalty: float) -> tuple[Weights, Biases]:
    """The softmax, of each column's outputs by themselves, gives the logistic regression's probabilities. A soft target
    counts as a row for each of its classes, with its part of the row's weight."""
    parts = []
    for mine in column_slices(rows.sizes):
        targets = rows.targets[:, mine]
        chosen, classes = targets.nonzero()
        weights = rows.weights[chosen] * targets[chosen, classes]
        parts.append(softmax_regression(rows.features[chosen], classes, weights, targets.shape[1], inverse_penalty))
    matrices, biases = zip(*parts, strict=True)
    return np.concatenate(matrices), np.concatenate(biases)


def softmax_regression(
    features: Float[np.ndarray, "rows features"],
    classes: np.ndarray,
    weights: np.ndarray,
    outputs: int,
    inverse_penalty: float,
) -> tuple[Weights, Biases]:
    regression: Any = LogisticRegression(C=inverse_penalty, max_iter=MOST_ITERATIONS)
    regression.fit(features, classes, sample_weight=weights)
    slopes, intercepts = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # One sigmoid: the softmax of it and of zero.
        slopes, intercepts = np.stack([0 * slopes[0], slopes[0]]), np.array([0.0, intercepts[0]])
    matrix = np.zeros((outputs, features.shape[1]))
    biases = np.full(outputs, intercepts.min() + ABSENT)
    matrix[regression.classes_], biases[regression.classes_] = slopes, intercepts
    return matrix, biases


def each(rows: Rows, inverse_penalty: float) -> tuple[Weights, Biases]:
    """A logistic regression for each output. A soft target counts as a yes and a no, each with its part of the row's
    weight."""
    matrix, biases = nothing_yet(rows)
    for output, yes in enumerate(rows.soft.T):
        answers = np.repeat([1, 0], len(yes))
        weights = np.concatenate([yes, 1 - yes]) * np.tile(rows.weights, 2)
        told: Bool[np.ndarray, " answers"] = weights > 0
        if len(np.unique(answers[told])) < 2:
            biases[output] = -ABSENT if yes.any() else ABSENT
            continue
        regression: Any = LogisticRegression(C=inverse_penalty, max_iter=MOST_ITERATIONS)
        regression.fit(np.tile(rows.features, (2, 1))[told], answers[told], sample_weight=weights[told])
        matrix[output], biases[output] = regression.coef_[0], regression.intercept_[0]
    return matrix, biases


def values(rows: Rows, inverse_penalty: float) -> tuple[Weights, Biases]:
    """A ridge regression for each number, of the rows where it is known."""
    matrix, biases = nothing_yet(rows)
    for output, numbers in enumerate(rows.soft.T):
        known = ~np.isnan(numbers)
        if known.any():
            regression = Ridge(alpha=1 / inverse_penalty)
            regression.fit(rows.features[known], numbers[known], sample_weight=rows.weights[known])
            matrix[output], biases[output] = regression.coef_, regression.intercept_
    return matrix, biases


def nothing_yet(rows: Rows) -> tuple[Weights, Biases]:
    outputs = rows.soft.shape[1]
    return np.zeros((outputs, rows.features.shape[1])), np.zeros(outputs)


FITS: Mapping[Learned, Callable[[Rows, float], tuple[Weights, Biases]]] = {
    "distribution": distributions,
    "each": each,
    "above": each,
    "value": values,
}
