"""How members' weights are fitted: those of a mean, and those of a mean of scores with a bias per class.

A pool (logistic stacking): p = activation(sum of weight_m * score_m + bias_c), fitted to the log loss, which is a
log-linear pool with a bias per class (Heskes, Selecting weighting factors in logarithmic opinion pools, 1998). One
weight per member and not per member and class: 120 classes would otherwise take 14,400 weights per member.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from foldline.ensembling.scales import Inputs, Scale
from foldline.metrics.kinds.of_probabilities import SMALLEST

Weights = Float64[np.ndarray, " members"]
Curve = Callable[[Weights], tuple[float, Weights]]
"""A convex function's value and gradient."""


def least_on_simplex(curve: Curve, members: int) -> Weights:
    """The weights at which a convex function is least: none below zero, together one. Equal members get equal weights.

    By sequential quadratic programming (Kraft, A software package for sequential quadratic programming, 1988).
    """
    from scipy.optimize import LinearConstraint, minimize  # Slow to import, which the stage `check` is spared.

    equal = np.full(members, 1 / members)
    # In units of its own: the solver's tolerance is absolute.
    unit = abs(curve(equal)[0]) or 1.0

    def in_units(weights: Weights) -> tuple[float, Weights]:
        value, gradient = curve(weights)
        return value / unit, gradient / unit

    found = minimize(
        in_units,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * members,
        constraints=LinearConstraint(np.ones(members), 1, 1),
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    return found.x / found.x.sum()


def log_loss_curve(
    probabilities: Float64[np.ndarray, "rows members"], sample_weights: Float64[np.ndarray, " rows"]
) -> Curve:
    """Of weights: the sum of -log(probabilities @ weights), where these are what members gave to what came true.

    sample_weights: what each counts in the sum.
    """

    def curve(weights: Weights) -> tuple[float, Weights]:
        mixed = probabilities @ weights
        return -float(sample_weights @ np.log(mixed)), -(sample_weights / mixed) @ probabilities

    return curve


def squared_error_curve(values: Float64[np.ndarray, "rows members"], targets: Float64[np.ndarray, " rows"]) -> Curve:
    """Of weights: the mean of (values @ weights - targets)^2."""
    squares = values.T @ values / len(values)
    products = values.T @ targets / len(values)
    constant = float(np.mean(targets**2))

    def curve(weights: Weights) -> tuple[float, Weights]:
        value = float(weights @ squares @ weights - 2 * products @ weights) + constant
        return value, 2 * (squares @ weights - products)

    return curve


MOST = -float(np.log(SMALLEST))
"""Of a score, either way, where the log loss ends too: beyond it, a certain and wrong row would decide a fit alone."""


@dataclass(frozen=True)
class LogLinearPool:
    weights: Float64[np.ndarray, " members"]
    biases: Float64[np.ndarray, " outputs"]


def pooled(pool: LogLinearPool, inputs: Inputs, scale: Scale) -> Float64[np.ndarray, "rows outputs"]:
    """The scores of the pool; inputs: the members'."""
    return scale.normalised(_mixture(_within_reach(inputs), pool.weights, pool.biases))


def _within_reach(inputs: Inputs) -> Float64[np.ndarray, "members rows outputs"]:
    """What a pool sees of the members, when it is fitted and when it is applied."""
    return np.stack(inputs).astype(np.float64).clip(-MOST, MOST)


def _mixture(
    scores: Float64[np.ndarray, "members rows outputs"],
    weights: Float64[np.ndarray, " members"],
    biases: Float64[np.ndarray, " outputs"],
) -> Float64[np.ndarray, "rows outputs"]:
    return np.einsum("mrc,m->rc", scores, weights) + biases


def fit_pool(inputs: Inputs, targets: np.ndarray, scale: Scale, penalty: float) -> LogLinearPool:
    """The pool with the least log loss plus `penalty` times its squared distance from equal weights and no biases.

    Convex, by L-BFGS with exact gradients.
    """
    from scipy.optimize import minimize  # Slow to import, which the stage `check` is spared.

    scores = _within_reach(inputs)
    members, rows, outputs = scores.shape
    truth, equal = _truth(targets, outputs), np.full(members, 1 / members)

    def cost(parameters: Float64[np.ndarray, " parameters"]) -> tuple[float, np.ndarray]:
        weights, biases = parameters[:members], parameters[members:]
        loss, slope = scale.loss_and_slope(scale.normalised(_mixture(scores, weights, biases)), truth)
        away = np.concatenate([weights - equal, biases])
        gradient = np.concatenate([np.einsum("mrc,rc->m", scores, slope), slope.sum(axis=0)])
        return (loss + penalty * float(away @ away)) / rows, (gradient + 2 * penalty * away) / rows

    found = minimize(cost, np.concatenate([equal, np.zeros(outputs)]), jac=True, method="L-BFGS-B")
    return LogLinearPool(found.x[:members], found.x[members:])


def _truth(targets: np.ndarray, outputs: int) -> Float64[np.ndarray, "rows outputs"]:
    """What each output should have said; positions of labels become 1 there, and a missing one 0 everywhere."""
    if targets.dtype.kind != "i":
        return targets.astype(np.float64)
    truth = np.zeros((len(targets), outputs))
    rows, asked = (targets.reshape(len(targets), -1) >= 0).nonzero()
    truth[rows, targets.reshape(len(targets), -1)[rows, asked]] = 1
    return truth
