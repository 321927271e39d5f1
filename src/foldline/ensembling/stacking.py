"""Logistic stacking: scores of all members, weighted and shifted, are scores again.

p = activation(sum of weight_m * score_m + bias_c), fitted to the log loss: a log-linear pool with a bias per
class (Heskes, Selecting weighting factors in logarithmic opinion pools, 1998). One weight per member and not per member
and class: 120 classes would otherwise take 14,400 weights per member.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from foldline.ensembling.scales import Inputs, Scale, column_by_column, distributions_of
from foldline.metrics.kinds.of_probabilities import SMALLEST

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
        loss, slope = _loss_and_slope(scale.normalised(_mixture(scores, weights, biases)), truth, scale)
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


def _loss_and_slope(
    scores: Float64[np.ndarray, "rows outputs"], truth: Float[np.ndarray, "rows outputs"], scale: Scale
) -> tuple[float, Float64[np.ndarray, "rows outputs"]]:
    """The summed log loss, and how it grows with each score."""
    if scale.form == "independent":
        losses = np.logaddexp(0, scores)
        return float((losses - truth * scores).sum()), np.exp(scores - losses) - truth
    # Of a column without a label neither loss nor slope.
    sizes = distributions_of(scale.form, scores.shape[1])
    known = column_by_column(lambda mine: np.broadcast_to(mine.sum(axis=1)[:, None], mine.shape), truth, sizes)
    return -float((truth * scores).sum()), np.exp(scores) * known - truth
