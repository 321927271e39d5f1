import numpy as np
import pytest

from foldline.cards.metric import Metric as MetricFact
from foldline.competition.metrics import METRICS, metric_of
from foldline.config.section import parse
from foldline.refusal import Refusal

FACTS = {
    **{kind: {"kind": kind} for kind in METRICS},
    "map_at_5": {"kind": "map_at_k", "k": 5},
    "weighted_auc": {"kind": "weighted_auc", "edges": [0, 0.4, 1], "weights": [2, 1]},
    "probabilistic_f1": {"kind": "probabilistic_f1", "beta": 1},
}
WORST_AND_BEST = {
    "probabilities": (np.array([[0.9, 0.1], [0.1, 0.9]], np.float32), np.array([[0.1, 0.9], [0.9, 0.1]], np.float32)),
    "labels": (np.array([0, 1]), np.array([1, 0])),
    "sets": (np.array([[True, False], [False, True]]), np.array([[False, True], [True, False]])),
    "rankings": (np.array([[0], [1]]), np.array([[1], [0]])),
    "values": (np.array([0, 1], np.float32), np.array([1, 0], np.float32)),
}
TARGETS = {
    "mean_column_auc": np.array([[0, 1], [1, 0]], np.float32),
    "multilabel_micro_f1": np.array([[0, 1], [1, 0]], np.float32),
    "multilabel_macro_f1": np.array([[0, 1], [1, 0]], np.float32),
    "rmse": np.array([1, 0], np.float32),
}


@pytest.mark.parametrize("name", FACTS)
def test_the_best_answers_gain_whatever_the_direction(name: str) -> None:
    metric = metric_of(parse(FACTS[name], MetricFact, "card"))
    targets = TARGETS.get(name, np.array([1, 0]))
    worst, best = (metric.score(targets, answers) for answers in WORST_AND_BEST[metric.needs])

    assert metric.name == name
    assert metric.gain(worst, best) > 0
    assert metric.higher_is_better == (best > worst)
    assert metric.calibration_counts == name.endswith("log_loss")


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ({"kind": "auroc"}, "`metric.kind` is 'auroc'"),
        ({"kind": "map_at_k", "k": 0}, "`metric.k` is 0"),
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
