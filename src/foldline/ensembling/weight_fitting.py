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

GAP = 1e-9
"""How far above its least the function may end. m weights and a barrier of strength t leave a gap of m * t exactly."""
SHRINK = 0.1
MOST_STEPS = 50
"""Newton's steps for one strength of the barrier; a handful suffice."""

Weights = Float64[np.ndarray, " members"]
Curve = Callable[[Weights], tuple[float, Float64[np.ndarray, " members"], Float64[np.ndarray, "members members"]]]
"""A convex function's value, gradient and Hessian."""


def least_on_simplex(curve: Curve, members: int) -> Weights:
    """The weights at which a convex function is least: none below zero, together one.

    By Newton's method with a logarithmic barrier (Boyd and Vandenberghe, Convex Optimization, 2004, 11.3).

    Equal members get equal weights. Weights end just above zero: those below GAP become zero.
    """
    weights = np.full(members, 1 / members)
    strength = 1.0
    while members * strength > GAP / 2:
        strength *= SHRINK
        weights = _centred(curve, weights, strength)
    weights = np.where(weights < GAP, 0, weights)
    return weights / weights.sum()


def _centred(curve: Curve, weights: Weights, strength: float) -> Weights:
    for _ in range(MOST_STEPS):
        value, gradient, hessian = _with_barrier(curve, weights, strength)
        step = _newton_step(gradient, hessian)
        decrement = float(-gradient @ step)
        if decrement < strength * 1e-3:
            break
        length = min(1.0, 0.99 / max(float((-step / weights).max()), 1e-300))
        while _with_barrier(curve, weights + length * step, strength)[0] > value - 0.25 * length * decrement:
            length /= 2
            if length < 1e-10:
                return weights
        weights = weights + length * step
    return weights


def _with_barrier(curve: Curve, weights: Weights, strength: float) -> tuple[float, np.ndarray, np.ndarray]:
    value, gradient, hessian = curve(weights)
    return (
        value - strength * float(np.log(weights).sum()),
        gradient - strength / weights,
        hessian + np.diag(strength / weights**2),
    )


def _newton_step(gradient: Weights, hessian: Float64[np.ndarray, "members members"]) -> Weights:
    """The step that keeps the sum: hessian step + multiplier = -gradient, sum(step) = 0."""
    both = np.linalg.solve(hessian, np.stack([gradient, np.ones(len(gradient))], axis=1))
    multiplier = both[:, 0].sum() / both[:, 1].sum()
    return multiplier * both[:, 1] - both[:, 0]


def log_loss_curve(
    probabilities: Float64[np.ndarray, "rows members"], sample_weights: Float64[np.ndarray, " rows"] | None = None
) -> Curve:
    """Of weights: the mean of -log(probabilities @ weights), where these are what members gave to what came true.

    sample_weights: what each counts in the mean, together 1; None where all count the same.
    """
    counted = np.full(len(probabilities), 1 / len(probabilities)) if sample_weights is None else sample_weights

    def curve(weights: Weights) -> tuple[float, np.ndarray, np.ndarray]:
        mixed = probabilities @ weights
        ratios = probabilities / mixed[:, None]
        weighted = counted[:, None] * ratios
        return -float(counted @ np.log(mixed)), -weighted.sum(axis=0), ratios.T @ weighted

    return curve


def squared_error_curve(values: Float64[np.ndarray, "rows members"], targets: Float64[np.ndarray, " rows"]) -> Curve:
    """Of weights: the mean of (values @ weights - targets)^2."""
    squares = values.T @ values / len(values)
    products = values.T @ targets / len(values)
    constant = float(np.mean(targets**2))

    def curve(weights: Weights) -> tuple[float, np.ndarray, np.ndarray]:
        value = float(weights @ squares @ weights - 2 * products @ weights) + constant
        return value, 2 * (squares @ weights - products), 2 * squares

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
