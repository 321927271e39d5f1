import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from foldline.files.refusal import Refusal
from foldline.metrics.metric import METRICS, Metric
from foldline.metrics.metric_and_rule import MeanOfRows
from foldline.metrics.truths_and_answers import Truth
from foldline.params.section import parse
from tests.metrics.drawing import classes_of, drawn, right
from tests.metrics.of_kind import example_of, metric_of_kind

EVERY = [(name, truth) for name, kind in METRICS.items() for truth in kind.truths if name != "python"]
COLUMN_LOG_LOSS = {"weights": {"x": 2}, "class_weights": {"b": 2}}


@pytest.mark.many_draws
@pytest.mark.parametrize(("name", "truth"), EVERY)
@settings(max_examples=30)
@given(weights=some.lists(some.integers(0, 3), min_size=1, max_size=12), seed=some.integers(0, 9999))
def test_a_row_of_a_whole_weight_is_so_many_rows(name: str, truth: Truth, weights: list[int], seed: int) -> None:
    metric, counts = example_of(name, classes_of(truth)), np.array(weights)
    targets, answers = drawn(truth, metric.needs, len(counts), seed)
    if not counts.any():
        with pytest.raises(Refusal, match="no rows to score: all weigh 0"):
            metric.score(targets, answers, counts.astype(np.float64))
        return
    repeated = metric.score(np.repeat(targets, counts, axis=0), np.repeat(answers, counts, axis=0))
    assert metric.score(targets, answers, counts.astype(np.float64)) == pytest.approx(repeated, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize(("name", "truth"), EVERY)
def test_weights_that_are_all_alike_weigh_nothing(name: str, truth: Truth) -> None:
    """But for precision of which a part of a row is a step of its own."""
    metric = example_of(name, classes_of(truth))
    targets, answers = drawn(truth, metric.needs, 40, 0)
    plain = metric.score(targets, answers)
    assert metric.score(targets, answers, np.ones(40)) == plain
    if name not in ("spearman", "global_average_precision"):
        assert metric.score(targets, answers, np.full(40, 0.3)) == pytest.approx(plain)


@pytest.mark.parametrize(("name", "truth"), EVERY)
def test_scores_of_rows_are_said_only_where_the_metric_is_their_mean(name: str, truth: Truth) -> None:
    """Numbers that are missing among them."""
    metric = example_of(name, classes_of(truth))
    targets, answers = drawn(truth, metric.needs, 40, 0)
    rows = metric.averaged_scores(targets, answers)
    assert rows is not None or not isinstance(metric, MeanOfRows) or np.isnan(targets).any()
    if rows is not None:
        assert metric.score(targets, answers) == pytest.approx(rows.mean())


@pytest.mark.parametrize("weights", [[1, -1], [1, np.nan], [np.inf, 1]])
def test_what_is_no_weight_is_refused(weights: list[float]) -> None:
    with pytest.raises(Refusal, match=r"The weight of row \d is .*: a weight is a number of 0 or more"):
        metric_of_kind("accuracy").score(np.array([0, 1]), np.array([0, 1]), np.array(weights, np.float64))


@pytest.mark.parametrize(("name", "truth"), EVERY)
def test_the_truth_is_better_than_anything_else(name: str, truth: Truth) -> None:
    metric = example_of(name, classes_of(truth))
    targets, answers = drawn(truth, metric.needs, 60, 1)
    worst, best = (metric.score(targets, of) for of in (answers, right(truth, metric.needs, targets, answers)))

    assert metric.gain(worst, best) > 0
    assert metric.higher_is_better == (best > worst)
    assert not (metric.is_log_loss and metric.sees_order_alone)
    assert not (metric.is_log_loss and metric.higher_is_better)


@pytest.mark.parametrize("name", ["mean_column_auc", "mean_column_average_precision", "brier"])
def test_one_class_per_row_is_each_class_against_all_others(name: str) -> None:
    metric = metric_of_kind(name)
    targets = np.array([0, 2, 1, 2, 2])
    predictions = np.random.default_rng(0).dirichlet(np.ones(3), 5).astype(np.float32)
    assert metric.score(targets, predictions) == metric.score(np.eye(3, dtype=np.uint8)[targets], predictions)


def test_numbers_that_a_metric_cannot_score_are_told_before_training() -> None:
    """The doctor asks with train rows, some of which lack a number."""
    targets = np.array([[1, np.nan], [np.nan, 0], [-2, 3]], np.float32)
    metric_of_kind("smape").refuse_unscorable(targets)
    with pytest.raises(Refusal, match=r"mape divides .* row 1 of those scored has a 0 in column 1"):
        metric_of_kind("mape").refuse_unscorable(targets)
    with pytest.raises(Refusal, match="rmsle takes numbers above -1, found -2"):
        metric_of_kind("rmsle").refuse_unscorable(targets)


def test_names_say_how_many() -> None:
    names = {name: example_of(name, ()).name for name in ("map_at_k", "top_k_error", "top_k_accuracy", "auc")}
    assert list(names.values()) == ["map_at_3", "top_3_error", "top_3_accuracy", "auc"]


def test_weights_are_of_classes_that_there_are() -> None:
    with pytest.raises(Refusal, match=r"names any, which is not a class\. Classes: a, b\."):
        metric_of_kind("weighted_binary_log_loss", ("a", "b"), weights={"any": 2})
    of_severe = COLUMN_LOG_LOSS | {"class_weights": {"Severe": 4}}
    with pytest.raises(Refusal, match=r"metric.class_weights names Severe, which is not a class\. Classes: a, b\."):
        metric_of_kind("mean_column_log_loss", ("x=a", "x=b", "y=a"), **of_severe)


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
        parse(fact, Metric, "card", ("metric",))

    assert message in str(refusal.value)
