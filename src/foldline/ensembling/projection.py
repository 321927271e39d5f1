"""Probabilities within bounds: p' = clip(s * p, lower, upper), with the scale s of each row at which it sums to one.

Of all distributions within the bounds this is the nearest to p in the Kullback-Leibler divergence KL(p' || p): the
conditions of its optimum say that log(p'/p) is the same for all classes that are at no bound. Clipping followed by
plain division by the sum leaves the bounds again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64


class RowWithoutMass(ValueError):
    """A row that is no distribution up to a scale."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} cannot be scaled to sum to one")
        self.row = row


def project(
    probabilities: Float[np.ndarray, "rows classes"], lower: float, upper: float
) -> Float64[np.ndarray, "rows classes"]:
    """clip(s * p, lower, upper) with each row's sum one. The bounds must allow it: C lower <= 1 <= C upper.

    A zero stays at `lower`, unless all other classes at `upper` leave more than that to the zeros: these then share
    it equally, as equal and ever smaller probabilities in their place would. Raises RowWithoutMass.
    """
    mass = probabilities.astype(np.float64)
    sums = mass.sum(axis=1)
    good = (mass.min(axis=1) >= 0) & (sums > 0) & np.isfinite(sums)
    if not good.all():
        raise RowWithoutMass(int(np.argmin(good)))
    zeros = mass == 0
    count = zeros.sum(axis=1)
    others = mass.shape[1] - count
    short = upper * others + lower * count < 1
    mass[~short] *= descending(mass[~short]).scales(lower, upper)[:, None]
    of_zeros = (1 - upper * others[short]) / count[short]
    mass[short] = np.where(zeros[short], of_zeros[:, None], upper)
    return mass.clip(lower, upper, out=mass)


@dataclass(frozen=True)
class Descending:
    """Rows that were sorted once, for as many bounds as one likes."""

    values: Float64[np.ndarray, "rows classes"]
    """The highest first."""
    rest: Float64[np.ndarray, "rows classes_and_one"]
    """Of each row, the sum of its values from the k-th on: summed from the least, so that these are not lost."""

    def scales(self, lower: float, upper: float) -> Float64[np.ndarray, " rows"]:
        """Each row's s with sum(clip(s * p, lower, upper)) = 1.

        The sum is piecewise linear in s and never falls: with a growing s a value leaves the lower bound at lower / p
        and reaches the upper one at upper / p, the highest first. Of these places in order, the sum at each tells which
        piece holds the one at which it is 1.
        """
        rows, classes = self.values.shape
        with np.errstate(divide="ignore", invalid="ignore"):
            places = np.where(self.values > 0, lower / self.values, np.inf)
            left = np.broadcast_to(np.arange(1, classes + 1), places.shape)
            if upper < 1:
                places = np.hstack([places, upper / self.values])
                order = np.argsort(places, axis=1, kind="stable")
                places, left = np.take_along_axis(places, order, axis=1), np.cumsum(order < classes, axis=1)
            reached = np.arange(1, places.shape[1] + 1) - left
            sums = places * self._between(reached, left) + lower * (classes - left) + upper * reached
        piece = ((sums < 1) & (places < np.inf)).sum(axis=1)
        each = (np.arange(rows), np.maximum(piece - 1, 0))
        left, reached = (np.where(piece > 0, count[each], 0) for count in (left, reached))
        mass = self._between(reached[:, None], left[:, None])[:, 0]
        needed = 1 - lower * (classes - left) - upper * reached
        return np.divide(needed, mass, out=places[each], where=mass > 0)  # where all are at bounds, any s of the piece

    def _between(self, first: np.ndarray, end: np.ndarray) -> Float64[np.ndarray, "rows places"]:
        """The sum of the values from `first` on and before `end`."""
        return np.take_along_axis(self.rest, first, axis=1) - np.take_along_axis(self.rest, end, axis=1)


def descending(probabilities: Float[np.ndarray, "rows classes"]) -> Descending:
    ascending = np.sort(probabilities.astype(np.float64), axis=1)
    rest = np.cumsum(np.hstack([np.zeros((len(ascending), 1)), ascending]), axis=1)
    return Descending(ascending[:, ::-1], rest[:, ::-1])


GAP = 1e-9
"""How far above its least the function may end. m weights and a barrier of strength t leave a gap of m * t exactly."""
SHRINK = 0.1
MOST_STEPS = 50
"""Newton's steps for one strength of the barrier; a handful suffice."""

Weights = Float64[np.ndarray, " members"]
Curve = Callable[[Weights], tuple[float, Float64[np.ndarray, " members"], Float64[np.ndarray, "members members"]]]
"""A convex function's value, gradient and Hessian."""


def least_on_simplex(curve: Curve, members: int) -> Weights:
    """By Newton's method with a logarithmic barrier (Boyd and Vandenberghe, Convex Optimization, 2004, 11.3).

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
    probabilities: Float64[np.ndarray, "rows members"], importance: Float64[np.ndarray, " rows"] | None = None
) -> Curve:
    """Of weights: the mean of -log(probabilities @ weights), where these are what members gave to what came true.

    importance: what each counts in the mean, together 1; None where all count the same.
    """
    counted = np.full(len(probabilities), 1 / len(probabilities)) if importance is None else importance

    def curve(weights: Weights) -> tuple[float, np.ndarray, np.ndarray]:
        mixed = probabilities @ weights
        shares = probabilities / mixed[:, None]
        heavy = counted[:, None] * shares
        return -float(counted @ np.log(mixed)), -heavy.sum(axis=0), shares.T @ heavy

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
