"""How members are weighed against each other (`ensemble.method`): equal weights stand in wherever fitted ones are no
real gain."""

import math
from typing import Any, ClassVar, Literal

import numpy as np
from jaxtyping import Float64
from pydantic import PositiveFloat, PositiveInt

from foldline.ensembling.forms import Numbers
from foldline.ensembling.log_losses import asked_weights
from foldline.ensembling.scales import Inputs, Scale, Weights
from foldline.ensembling.scoring import LEAST_GAIN, Scorer
from foldline.ensembling.steps import Step, apart
from foldline.ensembling.top_classes import TOP_CLASSES_ALONE
from foldline.ensembling.weight_fitting import (
    LogLinearPool,
    fit_pool,
    least_on_simplex,
    log_loss_curve,
    pooled,
    squared_error_curve,
)
from foldline.files.compact import CompactArray
from foldline.files.refusal import Refusal, listed
from foldline.metrics.metric import METRICS
from foldline.metrics.metric_and_rule import MetricKind

NEEDS_ALL_CLASSES = f"takes the predictions of all classes, but {TOP_CLASSES_ALONE}. Choose equal or hill_climbing."


class Method(Step):
    """A kind of `ensemble.method`: from the members' arrays to one. Its settings are a weight per member."""

    name = "weights"
    kind: Any
    takes_scores: ClassVar[bool] = False
    """Whether `pipelines.blend` must read the runs' scores, and not their predictions."""
    takes_ranks: ClassVar[bool] = False
    """Whether it takes the members' arrays and then their ranks."""
    takes_all_classes: ClassVar[bool] = False

    def unfit(self, metric: MetricKind, has_probabilities: bool) -> str | None:
        """Why it does not fit the metric or what the model predicts, and what to choose instead; else None."""
        return None

    def useless(self) -> str | None:
        """Raises Refusal: it was chosen for nothing but to be fitted."""
        scale = self._on.scale
        unfit = self.unfit(self.metric, scale.form.has_probabilities)
        if unfit is None and self.takes_all_classes and scale.is_compact:
            unfit = NEEDS_ALL_CLASSES
        if unfit is not None:
            raise Refusal(f"`ensemble.method.kind` is {self.kind}, which {unfit}")
        return None

    def default(self) -> Any:
        return [1 / len(self._on.names)] * len(self._on.names)

    def apply(self, setting: Any, inputs: Inputs) -> Inputs:
        mean = self.mean(setting, inputs)
        return (self._on.scale.predictions(mean) if self._on.blends else mean,)

    def mean(self, setting: Any, inputs: Inputs) -> np.ndarray:
        return self._on.scale.mean(inputs, np.array(setting, np.float64))

    def describe(self, setting: Any) -> str:
        pairs = zip(self._on.names, setting, strict=True)
        return ", ".join(f"{name} {weight:.3f}" for name, weight in pairs)

    def predictions(self, outputs: Inputs) -> np.ndarray:
        return outputs[0] if self._on.blends else super().predictions(outputs)


class Equal(Method):
    kind: Literal["equal"]
    is_given = True

    def fit(self, data: np.ndarray, targets: np.ndarray) -> list[float]:
        return self.default()


class ConvexCombination(Method):
    """Weights that are not negative and sum to one, at the optimum of a log loss or squared error."""

    kind: Literal["convex_combination"]
    takes_all_classes = True

    def unfit(self, metric: MetricKind, has_probabilities: bool) -> str | None:
        if metric.is_log_loss or metric.is_squared_error:
            return None
        smooth = [kind for kind, other in METRICS.items() if other.is_log_loss or other.is_squared_error]
        return f"takes a smooth metric ({listed(smooth, 20)}), but the card's is {metric.kind}. Choose hill_climbing."

    def fit_data(self, inputs: Inputs, targets: np.ndarray) -> Float64[np.ndarray, "rows asked members"]:
        scale = self._on.scale
        if self.metric.is_log_loss:
            return np.stack([scale.of_truth(one, targets) for one in inputs], axis=2)
        return np.stack([scale.predictions(one) for one in inputs], axis=2).astype(np.float64)

    def fit(self, data: Float64[np.ndarray, "rows asked members"], targets: np.ndarray) -> list[float]:
        """Log loss and squared error are convex in the weights: their optimum is reached."""
        members = data.shape[2]
        flat = data.reshape(-1, members)
        if self.metric.is_log_loss:
            counted = asked_weights(targets, data.shape[1]).ravel()
            return least_on_simplex(log_loss_curve(flat, counted), members).tolist()
        wanted = targets.astype(np.float64).ravel()
        known = ~np.isnan(wanted)
        return least_on_simplex(squared_error_curve(flat[known], wanted[known]), members).tolist()


class HillClimbing(Method):
    """Members are added one by one, each as often as it helps the metric most: any metric (Caruana et al., 2004)."""

    kind: Literal["hill_climbing"]
    rounds: PositiveInt

    def fit(self, data: np.ndarray, targets: np.ndarray) -> list[float]:
        predictions = tuple(map(self._on.scale.predictions, apart(data)))
        return hill_climbing_weights(predictions, targets, self._on.scorer, self.rounds).tolist()


class Ranks(Method):
    """The mean of each member's ranks: for metrics that see the order of predictions alone.

    Nothing is fitted, and yet it must be a real gain over the mean of predictions.
    """

    kind: Literal["ranks"]
    takes_ranks = True

    def unfit(self, metric: MetricKind, has_probabilities: bool) -> str | None:
        if metric.sees_order_alone:
            return None
        return f"{needs_order(metric)}. Choose equal, convex_combination or hill_climbing."

    def default(self) -> bool:
        return False

    def fit_data(self, inputs: Inputs, targets: np.ndarray) -> np.ndarray:
        return np.empty((len(targets), 0))

    def fit(self, data: np.ndarray, targets: np.ndarray) -> bool:
        return True

    def mean(self, setting: bool, inputs: Inputs) -> np.ndarray:
        half = len(inputs) // 2
        return super().mean(super().default(), inputs[half:] if setting else inputs[:half])

    def describe(self, setting: bool) -> str:
        return "mean of ranks" if setting else "mean of predictions"


def needs_order(metric: MetricKind) -> str:
    """Why ranks cannot stand for predictions, in words."""
    of_order = [kind for kind, other in METRICS.items() if other.sees_order_alone]
    return f"takes a metric of nothing but order ({listed(of_order, 20)}), but the card's is {metric.kind}"


class Stacking(Method):
    """Logistic regression on the members' scores, with a bias per class. Equal weights of probabilities, not of scores,
    are what is left when it is not applied."""

    kind: Literal["stacking"]
    penalty: PositiveFloat
    """Of squared distances from equal weights and no biases, in rows: a penalty of 10 weighs as much as 10 rows."""
    takes_scores = True
    takes_all_classes = True

    def unfit(self, metric: MetricKind, has_probabilities: bool) -> str | None:
        if has_probabilities:
            return None
        return (
            "takes probabilities, but the model predicts numbers (`train.loss.kind`). "
            "Choose convex_combination or hill_climbing."
        )

    def default(self) -> None:
        return None

    def fit(self, data: np.ndarray, targets: np.ndarray) -> list[list[float]]:
        """The members' weights, and the classes' biases."""
        pool = fit_pool(apart(data), targets, self._on.scale, self.penalty)
        return [pool.weights.tolist(), pool.biases.tolist()]

    def mean(self, setting: list[list[float]] | None, inputs: Inputs) -> np.ndarray:
        if setting is None:
            return super().mean(super().default(), inputs)
        return pooled(LogLinearPool(*map(np.array, setting)), inputs, self._on.scale)

    def describe(self, setting: list[list[float]]) -> str:
        weights, biases = setting
        return f"{super().describe(weights)}; biases {min(biases):.3g} .. {max(biases):.3g}"


def hill_climbing_weights(inputs: Inputs, targets: np.ndarray, scorer: Scorer, rounds: int) -> Weights:
    """How often each member was added, as shares of the best ensemble on the way: any metric. Greedy selection with
    replacement (Caruana et al., Ensemble Selection from Libraries of Models, 2004).

    inputs: the members' predictions. Equal weights are where it starts from: they stay unless it finds better ones. In
    each round the member is added with which the mean scores best; of equal ones, the one that was added least.
    """
    scale = Scale(Numbers(kind="value"), is_compact=isinstance(inputs[0], CompactArray))

    def score_of(counts: np.ndarray) -> float:
        score = scorer.score(targets, scale.mean(inputs, counts / counts.sum()))
        # Not defined, it is worse than any: a comparison with NaN would choose none.
        return -math.inf if math.isnan(score) else score if scorer.metric.higher_is_better else -score

    counts, best_counts = np.zeros(len(inputs), np.int64), np.ones(len(inputs), np.int64)
    best = score_of(best_counts)
    for _ in range(rounds):
        scores = np.array([score_of(counts + one) for one in np.eye(len(inputs), dtype=np.int64)])
        equal = np.flatnonzero(scores >= scores.max() - LEAST_GAIN)
        added = int(equal[np.argmin(counts[equal])])
        counts[added] += 1
        if scores[added] > best + LEAST_GAIN:
            best, best_counts = scores[added], counts.copy()
    return best_counts / best_counts.sum()
