"""How members are weighed against each other: equal weights stand in wherever fitted ones are no real gain."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from jaxtyping import Float64

from foldline.card.activations import Form, holds_probabilities
from foldline.ensembling.columns import row_by_row
from foldline.ensembling.ensemble_section import Convex, Equal, Greedy, Method, Ranks, Stacking
from foldline.ensembling.greedy import greedy_weights
from foldline.ensembling.losses import importance, of_truth
from foldline.ensembling.simplex import least_on_simplex, log_loss_curve, squared_error_curve
from foldline.ensembling.stacking import Pool, fit_pool, pooled
from foldline.ensembling.steps import Inputs, Judge, Step
from foldline.files.refusal import Refusal

NAME = "weights"
Weights = Float64[np.ndarray, " members"]


def weights_step(method: Method, names: Sequence[str], form: Form, judge: Judge) -> Step | None:
    """From the members' predictions (for `Ranks`: these, and then their ranks) to one array.

    None where there is one member alone. Raises Refusal when the method does not fit the metric or the predictions.
    """
    if len(names) == 1:
        return None
    equal = np.full(len(names), 1 / len(names))
    weighted = partial(Step, NAME, equal, apply=mixed, judge=judge, describe=partial(_described, names))
    match method:
        case Equal():
            return weighted(fit=lambda evidence, targets: equal, given=True)
        case Convex():
            return weighted(fit=partial(_fit_convex, judge), evidence=partial(_convex_evidence, judge))
        case Greedy():
            return weighted(fit=lambda together, targets: greedy_weights(together, targets, judge, method.rounds))
        case Stacking():
            return _stacking_step(method, names, form, judge)
        case Ranks():
            return _ranks_step(form, judge)


def mixed(weights: Weights, inputs: Inputs) -> Inputs:
    """The members' weighted mean."""
    return (row_by_row(lambda of_members, counts: _weighted(weights, of_members), inputs),)


def _weighted(weights: Weights, inputs: Inputs) -> np.ndarray:
    total = np.zeros(inputs[0].shape)
    for weight, one in zip(weights.tolist(), inputs, strict=True):
        if weight:
            total += weight * one
    return total.astype(np.float32)


def _described(names: Sequence[str], weights: Weights) -> str:
    return ", ".join(f"{name} {weight:.3f}" for name, weight in zip(names, weights.tolist(), strict=True))


def _convex_evidence(judge: Judge, inputs: Inputs, targets: np.ndarray) -> Float64[np.ndarray, "rows asked members"]:
    if judge.metric.is_log_loss:
        return np.stack([of_truth(one, targets) for one in inputs], axis=2)
    if judge.metric.is_squared_error:
        return np.stack(inputs, axis=2).astype(np.float64)
    raise Refusal(
        f"ensemble.method.kind is convex, which takes a log loss, rmse or mse: the metric {judge.metric.name} is not "
        "smooth in the weights. Choose greedy."
    )


def _fit_convex(judge: Judge, evidence: Float64[np.ndarray, "rows asked members"], targets: np.ndarray) -> Weights:
    """Log loss and squared error are convex in the weights: their optimum is reached."""
    members = evidence.shape[2]
    flat = evidence.reshape(-1, members)
    if judge.metric.is_log_loss:
        counted = importance(targets, evidence.shape[1]).ravel()
        return least_on_simplex(log_loss_curve(flat, counted), members)
    wanted = targets.astype(np.float64).ravel()
    known = ~np.isnan(wanted)
    return least_on_simplex(squared_error_curve(flat[known], wanted[known]), members)


def _stacking_step(section: Stacking, names: Sequence[str], form: Form, judge: Judge) -> Step:
    if not holds_probabilities(form):
        raise Refusal("ensemble.method.kind is stacking, which takes probabilities. Choose convex for a number.")

    def described(pool: Pool) -> str:
        return f"{_described(names, pool.weights)}; biases {pool.biases.min():.3g} .. {pool.biases.max():.3g}"

    def applied(pool: Pool | None, inputs: Inputs) -> Inputs:
        # Equal weights of probabilities, not of scores, are what is left when stacking is not kept.
        if pool is None:
            return mixed(np.full(len(names), 1 / len(names)), inputs)
        return (row_by_row(lambda rows, counts: pooled(pool, np.stack(rows, axis=1), form, counts), inputs),)

    return Step(
        NAME,
        default=None,
        fit=lambda together, targets: fit_pool(together, targets, form, section.penalty),
        apply=applied,
        judge=judge,
        describe=described,
    )


def _ranks_step(form: Form, judge: Judge) -> Step:
    """Nothing is fitted, and yet it is a choice that must be a real gain over the mean of predictions."""
    if not judge.metric.sees_order_alone:
        raise Refusal(
            f"ensemble.method.kind is ranks, but {judge.metric.name} depends on more than the order of predictions. "
            "Choose equal, convex or greedy."
        )

    def applied(ranks: bool, inputs: Inputs) -> Inputs:
        half = len(inputs) // 2
        kept = inputs[half:] if ranks else inputs[:half]
        return mixed(np.full(half, 1 / half), kept)

    return Step(
        NAME,
        default=False,
        fit=lambda evidence, targets: True,
        apply=applied,
        judge=judge,
        describe=lambda ranks: "mean of ranks" if ranks else "mean of predictions",
        evidence=lambda inputs, targets: np.zeros(len(targets)),
    )
