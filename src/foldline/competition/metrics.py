"""The metrics by which competitions score, as graders compute them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from foldline.cards import metric as facts
from foldline.cards.metric import Metric as MetricFact
from foldline.cards.metric_weights import ByTruth
from foldline.competition.output_names import column_sizes, label_of
from foldline.competition.scores import areas, divergences, labels, log_losses, precisions, rankings, sets, values
from foldline.competition.scores.outputs import mean_over_outputs
from foldline.refusal import Refusal, listed

Needs = Literal["probabilities", "labels", "confident_labels", "sets", "rankings", "values"]


@dataclass(frozen=True)
class Metric:
    name: str
    higher_is_better: bool
    needs: Needs
    """What is scored: `probabilities` are the predictions as they are, everything else is a rule's answers."""
    is_log_loss: bool
    """Whether it is a mean of log losses, weighed or not: clipping and calibration can help these alone, since AUC sees
    the predictions' order only, and answers come from a rule."""
    score: Callable[[np.ndarray, Any], float]
    """From targets, as competition/targets.py encodes them, and what it needs. NaN where it is not defined."""

    def gain(self, before: float, after: float) -> float:
        """How much better `after` is, positive whichever the metric's direction."""
        return after - before if self.higher_is_better else before - after


def metric_of(fact: MetricFact, classes: Sequence[str] = ()) -> Metric:
    """`classes`: in the order of the outputs, for the metrics that weigh them by name.

    Raises Refusal for the weight of a class that there is not.
    """
    build = PARAMETRIC.get(type(fact))
    return METRICS[fact.kind] if build is None else build(fact, classes)


def _weights(by_name: Mapping[str, float], classes: Sequence[str]) -> tuple[float, ...]:
    _refuse_unknown(by_name, classes)
    return tuple(by_name.get(name, 1.0) for name in classes)


def _weights_of_labels(by_label: Mapping[str, float], classes: Sequence[str]) -> tuple[float, ...]:
    """Of each class that of its label, whatever its column."""
    labels = tuple(map(label_of, classes))
    _refuse_unknown(by_label, tuple(dict.fromkeys(labels)), "metric.class_weights")
    return tuple(by_label.get(label, 1.0) for label in labels)


def _weights_by_truth(
    by_name: Mapping[str, float | ByTruth], classes: Sequence[str]
) -> tuple[tuple[float, float], ...]:
    """Of each class where it is absent, and where it is present."""
    _refuse_unknown(by_name, classes)
    weights = (by_name.get(name, 1.0) for name in classes)
    return tuple((one.negative, one.positive) if isinstance(one, ByTruth) else (one, one) for one in weights)


def _refuse_unknown(by_name: Iterable[str], classes: Sequence[str], fact: str = "metric.weights") -> None:
    unknown = [name for name in by_name if name not in classes]
    if unknown:
        raise Refusal(
            f"{fact} names {listed(unknown)}, which is no class. Classes: {listed(classes, 20)}. Correct the card."
        )


def _of_answers(name: str, needs: Needs, score: Callable[..., float]) -> Metric:
    return Metric(name, higher_is_better=True, needs=needs, is_log_loss=False, score=score)


def _error(name: str, needs: Needs, score: Callable[..., float]) -> Metric:
    return Metric(name, higher_is_better=False, needs=needs, is_log_loss=False, score=score)


def _mean_column(score: Callable[..., float]) -> Callable[[Any, Sequence[str]], Metric]:
    def build(fact: Any, classes: Sequence[str]) -> Metric:
        sizes = column_sizes(classes)
        weights = _weights(fact.weights or {}, tuple(sizes))
        mean = partial(mean_over_outputs, score=score, sizes=tuple(sizes.values()), weights=weights)
        return _of_answers(fact.kind, "labels", mean)

    return build


def _mean_column_log_loss(fact: facts.MeanColumnLogLoss, classes: Sequence[str]) -> Metric:
    of_columns = _weights(fact.weights or {}, tuple(column_sizes(classes)))
    of_classes = _weights_of_labels(fact.class_weights or {}, classes)
    mean = partial(log_losses.mean_column_log_loss, column_weights=of_columns, class_weights=of_classes)
    return _loss(fact.kind, mean)


def _of_order(name: str, score: Callable[..., float]) -> Metric:
    return Metric(name, higher_is_better=True, needs="probabilities", is_log_loss=False, score=score)


def _loss(name: str, score: Callable[..., float]) -> Metric:
    return Metric(name, higher_is_better=False, needs="probabilities", is_log_loss=True, score=score)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _loss("log_loss", log_losses.log_loss),
        _loss("balanced_log_loss", log_losses.balanced_log_loss),
        _loss("binary_log_loss", log_losses.binary_log_loss),
        _loss("kl_divergence", divergences.kl_divergence),
        _of_order("auc", areas.auc),
        _of_order("mean_column_auc", areas.mean_column_auc),
        _of_order("micro_auc", areas.micro_auc),
        _of_order("average_precision", precisions.average_precision),
        _of_order("mean_column_average_precision", precisions.mean_column_average_precision),
        _of_answers("accuracy", "labels", labels.accuracy),
        _of_answers("balanced_accuracy", "labels", labels.balanced_accuracy),
        _of_answers("macro_f1", "labels", labels.macro_f1),
        _of_answers("matthews", "labels", labels.matthews),
        _of_answers("quadratic_kappa", "labels", labels.quadratic_kappa),
        _of_answers("global_average_precision", "confident_labels", rankings.global_average_precision),
        _of_answers("multilabel_micro_f1", "sets", sets.micro_f1),
        _of_answers("multilabel_macro_f1", "sets", sets.macro_f1),
        _error("rmse", "values", values.rmse),
        _error("mean_column_rmse", "values", values.mean_column_rmse),
        _error("mae", "values", values.mae),
        _error("rmsle", "values", values.rmsle),
        _of_answers("r2", "values", values.r2),
    )
}
"""Those without parameters of their own, by their kind in the card."""

PARAMETRIC: Mapping[type, Callable[[Any, Sequence[str]], Metric]] = {
    facts.WeightedAuc: lambda fact, classes: _of_order(
        fact.kind, partial(areas.weighted_auc, edges=fact.edges, weights=fact.weights)
    ),
    facts.PartialAuc: lambda fact, classes: _of_order(
        fact.kind, partial(areas.partial_auc, lowest=fact.min_true_positive_rate)
    ),
    facts.WeightedLogLoss: lambda fact, classes: _loss(
        fact.kind, partial(log_losses.log_loss, weights=_weights(fact.weights, classes))
    ),
    facts.MeanColumnLogLoss: _mean_column_log_loss,
    facts.WeightedBinaryLogLoss: lambda fact, classes: _loss(
        fact.kind, partial(log_losses.binary_log_loss, weights=_weights_by_truth(fact.weights, classes))
    ),
    facts.WeightedR2: lambda fact, classes: _of_answers(
        fact.kind, "values", partial(values.weighted_r2, weights=_weights(fact.weights, classes))
    ),
    facts.MeanColumnAccuracy: _mean_column(labels.accuracy),
    facts.MeanColumnBalancedAccuracy: _mean_column(labels.balanced_accuracy),
    facts.MeanColumnMacroF1: _mean_column(labels.macro_f1),
    facts.FBeta: lambda fact, classes: _of_answers(fact.kind, "labels", partial(labels.f_beta, beta=fact.beta)),
    facts.MeanRowFBeta: lambda fact, classes: _of_answers(
        fact.kind, "sets", partial(sets.mean_row_f_beta, beta=fact.beta)
    ),
    facts.MeanAveragePrecision: lambda fact, classes: _of_answers(
        f"map_at_{fact.k}", "rankings", partial(rankings.map_at_k, k=fact.k)
    ),
    facts.TopKError: lambda fact, classes: _error(
        f"top_{fact.k}_error", "rankings", partial(rankings.top_k_error, k=fact.k)
    ),
    facts.ProbabilisticF1: lambda fact, classes: _of_answers(
        fact.kind, "values", partial(values.probabilistic_f1, beta=fact.beta)
    ),
}
"""What makes a metric of a fact with parameters, and the names of the classes."""
