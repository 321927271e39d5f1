import numpy as np
import pytest

from foldline.files.refusal import Refusal
from foldline.metrics.catalogue import METRICS, metric_of, refuse_unscorable
from foldline.metrics.metric import Metric as MetricFact
from foldline.params.section import parse

OF_SEVERAL = ("mean_column_accuracy", "mean_column_balanced_accuracy", "mean_column_macro_f1")
COLUMN_LOG_LOSS = {"kind": "mean_column_log_loss", "weights": {"x": 2}, "class_weights": {"b": 2}}
FACTS = {
    **{kind: {"kind": kind} for kind in METRICS},
    "map_at_5": {"kind": "map_at_k", "k": 5},
    "weighted_auc": {"kind": "weighted_auc", "edges": [0, 0.4, 1], "weights": [2, 1]},
    "weighted_mean_column_auc": {"kind": "weighted_mean_column_auc", "weights": {"a": 13}},
    "partial_auc": {"kind": "partial_auc", "min_true_positive_rate": 0.8},
    "weighted_binary_log_loss": {"kind": "weighted_binary_log_loss", "weights": {"b": 2}},
    "weighted_log_loss": {"kind": "weighted_log_loss", "weights": {"b": 2}},
    "mean_column_log_loss": COLUMN_LOG_LOSS,
    "weighted_r2": {"kind": "weighted_r2", "weights": {"a": 0.5}},
    **{kind: {"kind": kind, "weights": None} for kind in OF_SEVERAL},
    "f_beta": {"kind": "f_beta", "beta": 2},
    "mean_row_f_beta": {"kind": "mean_row_f_beta", "beta": 2},
    "top_1_accuracy": {"kind": "top_k_accuracy", "k": 1},
    "top_1_error": {"kind": "top_k_error", "k": 1},
    "probabilistic_f1": {"kind": "probabilistic_f1", "beta": 1},
}
WORST_AND_BEST = {
    "probabilities": (np.array([[0.9, 0.1], [0.1, 0.9]], np.float32), np.array([[0.1, 0.9], [0.9, 0.1]], np.float32)),
    "labels": (np.array([0, 1]), np.array([1, 0])),
    "several_labels": (np.array([[0], [1]]), np.array([[1], [0]])),
    "sets": (np.array([[True, False], [False, True]]), np.array([[False, True], [True, False]])),
    "rankings": (np.array([[0], [1]]), np.array([[1], [0]])),
    "shares": (np.array([0, 1], np.float32), np.array([1, 0], np.float32)),
    "confident_labels": (np.array([[0, 0.9], [0, 0.1]]), np.array([[1, 0.9], [0, 0.1]])),
    "values": (np.array([[1], [2]], np.float32), np.array([[2], [1]], np.float32)),
}
OF_SETS = ("mean_column", "micro", "weighted_binary_log_loss")


@pytest.mark.parametrize("name", FACTS)
def test_the_best_answers_gain_whatever_the_direction(name: str) -> None:
    classes = (
        ("a",)
        if name == "weighted_r2"
        else ("x=a", "x=b")
        if name in (*OF_SEVERAL, "mean_column_log_loss")
        else ("a", "b")
    )
    metric = metric_of(parse(FACTS[name], MetricFact, "card"), classes)
    needs = {"probabilistic_f1": "shares", **dict.fromkeys(OF_SEVERAL, "several_labels")}.get(name, metric.needs)
    worst, best = (metric.score(_targets(name, needs), answers) for answers in WORST_AND_BEST[needs])

    assert metric.name == name
    assert metric.gain(worst, best) > 0
    assert metric.higher_is_better == (best > worst)
    assert metric.is_log_loss == name.endswith(("log_loss", "divergence"))
    assert metric.judges_probabilities == (metric.is_log_loss or name == "brier")


def _targets(name: str, needs: str) -> np.ndarray:
    if name == "kl_divergence":
        return np.array([[0.2, 0.8], [1, 0]], np.float32)
    if needs == "values":
        return np.array([[2], [1]], np.float32)
    if name in (*OF_SEVERAL, "mean_column_log_loss"):
        return np.array([[1], [0]])
    is_set = needs == "sets" or any(part in name for part in OF_SETS)
    return np.array([[0, 1], [1, 0]], np.uint8) if is_set else np.array([1, 0])


@pytest.mark.parametrize("name", ["mean_column_auc", "mean_column_average_precision", "brier"])
def test_one_class_per_row_is_each_class_against_all_others(name: str) -> None:
    metric = METRICS[name]
    targets = np.array([0, 2, 1, 2, 2])
    predictions = np.random.default_rng(0).dirichlet(np.ones(3), 5).astype(np.float32)
    assert metric.score(targets, predictions) == metric.score(np.eye(3, dtype=np.uint8)[targets], predictions)


def test_numbers_that_a_metric_cannot_score_are_told_before_training() -> None:
    """The doctor asks with train rows, some of which lack a number."""
    targets = np.array([[1, np.nan], [np.nan, 0], [-2, 3]], np.float32)
    refuse_unscorable(METRICS["smape"], targets)
    with pytest.raises(Refusal, match=r"mape divides .* row 1 of those scored has a 0 in column 1"):
        refuse_unscorable(METRICS["mape"], targets)
    with pytest.raises(Refusal, match="rmsle takes numbers above -1, found -2"):
        refuse_unscorable(METRICS["rmsle"], targets)


def test_weights_are_of_classes_that_there_are() -> None:
    fact = parse({"kind": "weighted_binary_log_loss", "weights": {"any": 2}}, MetricFact, "card")
    with pytest.raises(Refusal, match=r"names any, which is no class\. Classes: a, b\."):
        metric_of(fact, ("a", "b"))
    fact = parse(COLUMN_LOG_LOSS | {"class_weights": {"Severe": 4}}, MetricFact, "card")
    with pytest.raises(Refusal, match=r"metric.class_weights names Severe, which is no class\. Classes: a, b\."):
        metric_of(fact, ("x=a", "x=b", "y=a"))


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ({"kind": "auroc"}, "`metric.kind` is 'auroc'"),
        ({"kind": "map_at_k", "k": 0}, "`metric.k` is 0"),
        ({"kind": "weighted_r2", "weights": {}}, "`metric.weights`: dictionary should have at least 1 item"),
        (
            {"kind": "weighted_binary_log_loss", "weights": {"any": {"neg": 7, "pos": 14}}},
            "metric.weights takes numbers, or {negative: 1, positive: 2}, found the keys neg, pos",
        ),
        ({"kind": "weighted_auc", "edges": [0, 0.4], "weights": [1]}, "metric.edges is [0.0, 0.4]: it must rise from"),
        (
            {"kind": "weighted_auc", "edges": [0, 1], "weights": [2, 1]},
            "the 1 bands between metric.edges take a weight",
        ),
    ],
)
def test_a_metric_that_cannot_be_is_refused(fact: dict, message: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse(fact, MetricFact, "card", ("metric",))

    assert message in str(refusal.value)
