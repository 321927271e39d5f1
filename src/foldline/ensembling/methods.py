"""How members are weighed against each other (`ensemble.method`): equal weights stand in wherever fitted ones are no
real gain."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from jaxtyping import Float64
from pydantic import PositiveFloat, PositiveInt

from foldline.card.activations import holds_probabilities
from foldline.ensembling.chain import Judge, Step, apart
from foldline.ensembling.losses import importance
from foldline.ensembling.projection import least_on_simplex, log_loss_curve, squared_error_curve
from foldline.ensembling.scales import AsPredicted, Inputs, Scale, Weights
from foldline.ensembling.stacking import Pool, fit_pool, pooled
from foldline.ensembling.top_classes import TOP_CLASSES_ALONE
from foldline.files.refusal import Refusal, listed
from foldline.metrics.metric import METRICS
from foldline.metrics.metric_and_rule import MetricKind
from foldline.params.section import Section

NAME = "weights"
LEAST_GAIN = 1e-12


def more_than_order() -> str:
    """What a metric does for which ranks cannot stand for predictions, in words."""
    of_order = [kind for kind, other in METRICS.items() if other.sees_order_alone]
    return f"depends on more than the order of predictions, as {listed(of_order, 20)} do not"


class Method(Section):
    """A kind of `ensemble.method`."""

    kind: Any
    takes_scores: ClassVar[bool] = False
    """Whether `pipelines.blend` must read the runs' scores, and not their predictions."""
    takes_ranks: ClassVar[bool] = False
    """Whether its step takes the members' arrays and then their ranks."""

    def unfit(self, average: str, metric: MetricKind, loss_of_numbers: str | None) -> str | None:
        """Why it cannot be, in words, as far as that is known before anything is trained; else None.

        average: `ensemble.average`. loss_of_numbers: the loss's kind, where it makes the model predict numbers.
        """
        return None

    def step(self, names: Sequence[str], scale: Scale, judge: Judge) -> Step:
        """From the members' arrays to one. Raises Refusal when the method does not fit the metric or the scale."""
        raise NotImplementedError


class Equal(Method):
    kind: Literal["equal"]

    def step(self, names: Sequence[str], scale: Scale, judge: Judge) -> Step:
        return _weighted(names, scale, judge, fit=lambda evidence, targets: _equal(names), given=True)


class Convex(Method):
    """Weights that are not negative and sum to one, at the optimum of a log loss or squared error."""

    kind: Literal["convex"]

    def unfit(self, average: str, metric: MetricKind, loss_of_numbers: str | None) -> str | None:
        if metric.is_log_loss or metric.is_squared_error:
            return None
        smooth = [kind for kind, other in METRICS.items() if other.is_log_loss or other.is_squared_error]
        return (
            f"`ensemble.method.kind` is convex, which takes a smooth metric ({listed(smooth, 20)}), "
            f"but the card's is {metric.kind}. Choose greedy."
        )

    def step(self, names: Sequence[str], scale: Scale, judge: Judge) -> Step:
        _refuse_top_classes(self.kind, scale)

        def evidence(inputs: Inputs, targets: np.ndarray) -> Float64[np.ndarray, "rows asked members"]:
            if judge.metric.is_log_loss:
                return np.stack([scale.of_truth(one, targets) for one in inputs], axis=2)
            if judge.metric.is_squared_error:
                return np.stack([scale.predictions(one) for one in inputs], axis=2).astype(np.float64)
            raise Refusal(
                f"ensemble.method.kind is convex, which takes a log loss, rmse or mse: the metric {judge.metric.name} "
                "is not smooth in the weights. Choose greedy."
            )

        def fit(evidence: Float64[np.ndarray, "rows asked members"], targets: np.ndarray) -> Weights:
            """Log loss and squared error are convex in the weights: their optimum is reached."""
            flat = evidence.reshape(-1, len(names))
            if judge.metric.is_log_loss:
                counted = importance(targets, evidence.shape[1]).ravel()
                return least_on_simplex(log_loss_curve(flat, counted), len(names))
            wanted = targets.astype(np.float64).ravel()
            known = ~np.isnan(wanted)
            return least_on_simplex(squared_error_curve(flat[known], wanted[known]), len(names))

        return _weighted(names, scale, judge, fit=fit, evidence=evidence)


class Greedy(Method):
    """Members are added one by one, each as often as it helps the metric most: any metric (Caruana et al., 2004)."""

    kind: Literal["greedy"]
    rounds: PositiveInt

    def step(self, names: Sequence[str], scale: Scale, judge: Judge) -> Step:
        def fit(together: np.ndarray, targets: np.ndarray) -> Weights:
            return greedy_weights(tuple(map(scale.predictions, apart(together))), targets, judge, self.rounds)

        return _weighted(names, scale, judge, fit=fit)


class Ranks(Method):
    """The mean of each member's ranks: for metrics that see the order of predictions alone.

    Nothing is fitted, and yet it is a choice that must be a real gain over the mean of predictions.
    """

    kind: Literal["ranks"]
    takes_ranks = True

    def unfit(self, average: str, metric: MetricKind, loss_of_numbers: str | None) -> str | None:
        if not metric.sees_order_alone:
            return (
                f"`ensemble.method.kind` is ranks, but the metric {metric.kind} {more_than_order()}. "
                "Choose equal, convex or greedy."
            )
        if average == "ranks":
            return (
                "`ensemble.average` and `ensemble.method.kind` are both ranks: ranks of ranks. "
                "Set the method to equal or greedy, or the average to probabilities."
            )
        return None

    def step(self, names: Sequence[str], scale: Scale, judge: Judge) -> Step:
        if not judge.metric.sees_order_alone:
            raise Refusal(
                f"ensemble.method.kind is ranks, but {judge.metric.name} depends on more than the order of "
                "predictions. Choose equal, convex or greedy."
            )

        def applied(ranks: bool, inputs: Inputs) -> Inputs:
            half = len(inputs) // 2
            return (scale.mean(inputs[half:] if ranks else inputs[:half], _equal(names)),)

        return Step(
            NAME,
            default=False,
            fit=lambda evidence, targets: True,
            apply=applied,
            judge=judge,
            describe=lambda ranks: "mean of ranks" if ranks else "mean of predictions",
            evidence=lambda inputs, targets: np.zeros(len(targets)),
        )


class Stacking(Method):
    """Logistic regression on the members' scores, with a bias per class."""

    kind: Literal["stacking"]
    penalty: PositiveFloat
    """Of squared distances from equal weights and no biases, in rows: a penalty of 10 weighs as much as 10 rows."""
    takes_scores = True

    def unfit(self, average: str, metric: MetricKind, loss_of_numbers: str | None) -> str | None:
        if loss_of_numbers is None:
            return None
        return (
            "`ensemble.method.kind` is stacking, which takes probabilities, but "
            f"`train.loss.kind` {loss_of_numbers} makes the model predict numbers. Choose convex or greedy."
        )

    def step(self, names: Sequence[str], scale: Scale, judge: Judge) -> Step:
        if not holds_probabilities(scale.form):
            raise Refusal("ensemble.method.kind is stacking, which takes probabilities. Choose convex for a number.")
        _refuse_top_classes(self.kind, scale)

        def described(pool: Pool) -> str:
            return f"{_described(names, pool.weights)}; biases {pool.biases.min():.3g} .. {pool.biases.max():.3g}"

        def applied(pool: Pool | None, inputs: Inputs) -> Inputs:
            # Equal weights of probabilities, not of scores, are what is left when stacking is not kept.
            return (scale.mean(inputs, _equal(names)) if pool is None else pooled(pool, inputs, scale),)

        return Step(
            NAME,
            default=None,
            fit=lambda together, targets: fit_pool(apart(together), targets, scale, self.penalty),
            apply=applied,
            judge=judge,
            describe=described,
        )


def _weighted(names: Sequence[str], scale: Scale, judge: Judge, **fitted: Any) -> Step:
    """A step whose setting is a weight per member."""
    return Step(
        NAME,
        default=_equal(names),
        apply=lambda weights, inputs: (scale.mean(inputs, weights),),
        judge=judge,
        describe=lambda weights: _described(names, weights),
        **fitted,
    )


def _equal(names: Sequence[str]) -> Weights:
    return np.full(len(names), 1 / len(names))


def _described(names: Sequence[str], weights: Weights) -> str:
    return ", ".join(f"{name} {weight:.3f}" for name, weight in zip(names, weights.tolist(), strict=True))


def _refuse_top_classes(kind: str, scale: Scale) -> None:
    if not scale.has_all_classes:
        raise Refusal(
            f"ensemble.method.kind is {kind}, which takes the predictions of all classes, but {TOP_CLASSES_ALONE}. "
            "Choose equal or greedy."
        )


def greedy_weights(inputs: Inputs, targets: np.ndarray, judge: Judge, rounds: int) -> Weights:
    """How often each member was added, as shares of the best ensemble on the way: any metric. Greedy selection with
    replacement (Caruana et al., Ensemble Selection from Libraries of Models, 2004).

    inputs: the members' predictions. Equal weights are where it starts from: they stay unless it finds better ones. In
    each round the member is added with which the mean scores best; of equal ones, the one that was added least.
    """
    scale = AsPredicted("value")

    def worth_of(counts: np.ndarray) -> float:
        score = judge.score(targets, scale.mean(inputs, counts / counts.sum()))
        return score if judge.metric.higher_is_better else -score

    counts, best_counts = np.zeros(len(inputs), np.int64), np.ones(len(inputs), np.int64)
    best = worth_of(best_counts)
    for _ in range(rounds):
        worth = np.array([worth_of(counts + one) for one in np.eye(len(inputs), dtype=np.int64)])
        equal = np.flatnonzero(worth >= worth.max() - LEAST_GAIN)
        added = int(equal[np.argmin(counts[equal])])
        counts[added] += 1
        if worth[added] > best + LEAST_GAIN:
            best, best_counts = worth[added], counts.copy()
    return best_counts / best_counts.sum()
