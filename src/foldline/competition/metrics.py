"""The metrics by which competitions score, as graders compute them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from foldline.cards.metric import MeanAveragePrecision, ProbabilisticF1, WeightedAuc
from foldline.cards.metric import Metric as MetricFact
from foldline.competition.scores import areas, labels, log_losses, rankings, sets, values

Needs = Literal["probabilities", "labels", "sets", "rankings", "values"]


@dataclass(frozen=True)
class Metric:
    name: str
    higher_is_better: bool
    needs: Needs
    """What is scored: `probabilities` are the predictions as they are, everything else is a rule's answers."""
    calibration_counts: bool
    """Whether clipping or calibration can help; AUC sees the predictions' order alone, answers come from a rule."""
    score: Callable[[np.ndarray, Any], float]
    """From targets, as competition/targets.py encodes them, and what it needs. NaN where it is not defined."""

    def gain(self, before: float, after: float) -> float:
        """How much better `after` is, positive whichever the metric's direction."""
        return after - before if self.higher_is_better else before - after


def metric_of(fact: MetricFact) -> Metric:
    if isinstance(fact, MeanAveragePrecision):
        return _of_answers(f"map_at_{fact.k}", "rankings", partial(rankings.map_at_k, k=fact.k))
    if isinstance(fact, WeightedAuc):
        return _of_order("weighted_auc", partial(areas.weighted_auc, edges=fact.edges, weights=fact.weights))
    if isinstance(fact, ProbabilisticF1):
        return _of_answers("probabilistic_f1", "values", partial(values.probabilistic_f1, beta=fact.beta))
    return METRICS[fact.kind]


def _of_answers(name: str, needs: Needs, score: Callable[..., float], higher_is_better: bool = True) -> Metric:
    return Metric(name, higher_is_better, needs, calibration_counts=False, score=score)


def _of_order(name: str, score: Callable[..., float]) -> Metric:
    return Metric(name, higher_is_better=True, needs="probabilities", calibration_counts=False, score=score)


def _loss(name: str, score: Callable[..., float]) -> Metric:
    return Metric(name, higher_is_better=False, needs="probabilities", calibration_counts=True, score=score)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _loss("log_loss", log_losses.log_loss),
        _loss("binary_log_loss", log_losses.binary_log_loss),
        _of_order("auc", areas.auc),
        _of_order("mean_column_auc", areas.mean_column_auc),
        _of_answers("accuracy", "labels", labels.accuracy),
        _of_answers("macro_f1", "labels", labels.macro_f1),
        _of_answers("quadratic_kappa", "labels", labels.quadratic_kappa),
        _of_answers("multilabel_micro_f1", "sets", sets.micro_f1),
        _of_answers("multilabel_macro_f1", "sets", sets.macro_f1),
        _of_answers("rmse", "values", values.rmse, higher_is_better=False),
    )
}
"""Those without parameters of their own, by their kind in the card."""
