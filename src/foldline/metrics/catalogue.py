"""The metrics by which competitions score, as graders compute them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from foldline.files.class_names import column_sizes
from foldline.metrics import metric as facts
from foldline.metrics.metric import Metric as MetricFact
from foldline.metrics.scores import (
    areas,
    correlations,
    divergences,
    labels,
    log_losses,
    precisions,
    rankings,
    sets,
    squares,
    values,
)
from foldline.metrics.scores.outputs import mean_over_outputs
from foldline.metrics.weights import weights_by_truth, weights_of, weights_of_labels

Needs = Literal["probabilities", "labels", "confident_labels", "sets", "rankings", "values"]


@dataclass(frozen=True)
class Metric:
    name: str
    higher_is_better: bool
    needs: Needs
    """What is scored: `probabilities` are the predictions as they are, everything else is a rule's answers."""
    is_log_loss: bool
    """Whether it is a mean of log losses, weighed or not: clipping can help these alone, since nothing else makes a row
    cost more than any bound."""
    sees_order_alone: bool
    """Whether nothing but the order of predictions counts, as for AUC."""
    score: Callable[[np.ndarray, Any], float]
    """From targets, as competition/targets.py encodes them, and what it needs. NaN where it is not defined."""

    @property
    def judges_probabilities(self) -> bool:
        """Whether they count by their size, so that calibration can help: answers come from a rule.

        Source of the term (proper scores): Gneiting and Raftery, Strictly Proper Scoring Rules, 2007.
        """
        return self.needs == "probabilities" and not self.sees_order_alone

    def gain(self, before: float, after: float) -> float:
        """How much better `after` is, positive whichever the metric's direction."""
        return after - before if self.higher_is_better else before - after


def metric_of(fact: MetricFact, classes: Sequence[str] = ()) -> Metric:
    """`classes`: in the order of the outputs, for the metrics that weigh them by name.

    Raises Refusal for the weight of a class that there is not.
    """
    build = PARAMETRIC.get(type(fact))
    return METRICS[fact.kind] if build is None else build(fact, classes)


def refuse_unscorable(metric: Metric, targets: np.ndarray) -> None:
    """Raises Refusal where the metric would not score even the truth, such as a number of 0 by its share.

    targets: of the train rows.
    """
    if metric.needs == "values" and targets.dtype.kind == "f" and len(targets):
        metric.score(targets, np.nan_to_num(targets))


def _of_answers(name: str, needs: Needs, score: Callable[..., float]) -> Metric:
    return Metric(name, True, needs, is_log_loss=False, sees_order_alone=False, score=score)


def _error(name: str, needs: Needs, score: Callable[..., float]) -> Metric:
    return Metric(name, False, needs, is_log_loss=False, sees_order_alone=False, score=score)


def _mean_column(score: Callable[..., float]) -> Callable[[Any, Sequence[str]], Metric]:
    def build(fact: Any, classes: Sequence[str]) -> Metric:
        sizes = column_sizes(classes)
        weights = weights_of(fact.weights or {}, tuple(sizes))
        mean = partial(mean_over_outputs, score=score, sizes=tuple(sizes.values()), weights=weights)
        return _of_answers(fact.kind, "labels", mean)

    return build


def _mean_column_log_loss(fact: facts.MeanColumnLogLoss, classes: Sequence[str]) -> Metric:
    of_columns = weights_of(fact.weights or {}, tuple(column_sizes(classes)))
    of_classes = weights_of_labels(fact.class_weights or {}, classes)
    mean = partial(log_losses.mean_column_log_loss, column_weights=of_columns, class_weights=of_classes)
    return _loss(fact.kind, mean)


def _of_order(name: str, score: Callable[..., float]) -> Metric:
    return Metric(name, True, "probabilities", is_log_loss=False, sees_order_alone=True, score=score)


def _loss(name: str, score: Callable[..., float]) -> Metric:
    return Metric(name, False, "probabilities", is_log_loss=True, sees_order_alone=False, score=score)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _loss("log_loss", log_losses.log_loss),
        _loss("balanced_log_loss", log_losses.balanced_log_loss),
        _loss("binary_log_loss", log_losses.binary_log_loss),
        _loss("kl_divergence", divergences.kl_divergence),
        _error("brier", "probabilities", squares.brier),
        _of_order("auc", areas.auc),
        _of_order("mean_column_auc", areas.mean_column_auc),
        _of_order("micro_auc", areas.micro_auc),
        _of_order("average_precision", precisions.average_precision),
        _of_order("mean_column_average_precision", precisions.mean_column_average_precision),
        _of_answers("accuracy", "labels", labels.accuracy),
        _of_answers("balanced_accuracy", "labels", labels.balanced_accuracy),
        _of_answers("macro_f1", "labels", labels.macro_f1),
        _of_answers("weighted_f1", "labels", labels.weighted_f1),
        _of_answers("matthews", "labels", labels.matthews),
        _of_answers("cohen_kappa", "labels", labels.cohen_kappa),
        _of_answers("quadratic_kappa", "labels", labels.quadratic_kappa),
        _of_answers("linear_kappa", "labels", labels.linear_kappa),
        _of_answers("global_average_precision", "confident_labels", rankings.global_average_precision),
        _of_answers("multilabel_micro_f1", "sets", sets.micro_f1),
        _of_answers("multilabel_macro_f1", "sets", sets.macro_f1),
        _of_answers("mean_row_jaccard", "sets", sets.mean_row_jaccard),
        _of_answers("exact_match", "sets", sets.exact_match),
        _error("hamming_loss", "sets", sets.hamming_loss),
        _error("rmse", "values", values.rmse),
        _error("mean_column_rmse", "values", values.mean_column_rmse),
        _error("mse", "values", values.mse),
        _error("mae", "values", values.mae),
        _error("mean_column_mae", "values", values.mean_column_mae),
        _error("median_absolute_error", "values", values.median_absolute_error),
        _error("mape", "values", values.mape),
        _error("smape", "values", values.smape),
        _error("rmsle", "values", values.rmsle),
        _of_answers("r2", "values", values.r2),
        _of_answers("pearson", "values", correlations.pearson),
        _of_answers("spearman", "values", correlations.spearman),
        _of_answers("concordance", "values", correlations.concordance),
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
    facts.WeightedMeanColumnAuc: lambda fact, classes: _of_order(
        fact.kind, partial(areas.mean_column_auc, weights=weights_of(fact.weights, classes))
    ),
    facts.WeightedLogLoss: lambda fact, classes: _loss(
        fact.kind, partial(log_losses.log_loss, weights=weights_of(fact.weights, classes))
    ),
    facts.MeanColumnLogLoss: _mean_column_log_loss,
    facts.WeightedBinaryLogLoss: lambda fact, classes: _loss(
        fact.kind, partial(log_losses.binary_log_loss, weights=weights_by_truth(fact.weights, classes))
    ),
    facts.WeightedR2: lambda fact, classes: _of_answers(
        fact.kind, "values", partial(values.weighted_r2, weights=weights_of(fact.weights, classes))
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
    facts.TopKAccuracy: lambda fact, classes: _of_answers(
        f"top_{fact.k}_accuracy", "rankings", partial(rankings.top_k_accuracy, k=fact.k)
    ),
    facts.ProbabilisticF1: lambda fact, classes: _of_answers(
        fact.kind, "values", partial(values.probabilistic_f1, beta=fact.beta)
    ),
}
"""What makes a metric of a fact with parameters, and the names of the classes."""
