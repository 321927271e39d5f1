import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss as sklearn_log_loss

from foldline.local_kaggle.evaluation import score
from foldline.local_kaggle.submission_fields import InvalidSubmission
from foldline.metrics.metric import Metric
from tests.metrics.of_kind import metric_of_kind

LOG_LOSS, ACCURACY = metric_of_kind("log_loss"), metric_of_kind("accuracy")
ANSWERS = pd.DataFrame({"label": ["b", "a"]}, index=["x", "y"])


def log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return score(answers, predictions, LOG_LOSS)


def accuracy(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return score(answers, predictions, ACCURACY)


def test_log_loss_by_hand() -> None:
    predictions = pd.DataFrame({"b": ["0.5", "0.75"], "a": ["0.5", "0.25"]}, index=["x", "y"])
    assert log_loss(ANSWERS, predictions) == pytest.approx((math.log(2) + math.log(4)) / 2)
    one_hot = pd.DataFrame({"a": ["0", "1"], "b": ["1", "0"]}, index=["x", "y"])
    assert log_loss(one_hot, predictions) == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_a_hard_mistake_costs_what_scikit_learn_says() -> None:
    predictions = pd.DataFrame({"a": ["1", "1"], "b": ["0", "0"]}, index=["x", "y"])
    assert log_loss(ANSWERS, predictions) == pytest.approx(36.0437 / 2, abs=1e-3)


def test_log_loss_equals_scikit_learn_s() -> None:
    draws = np.random.default_rng(0).dirichlet(np.ones(4), size=50)
    draws[0] = [0, 1, 0, 0]
    classes, labels = ["d", "b", "a", "c"], np.random.default_rng(1).choice(list("abcd"), size=50)
    predictions = pd.DataFrame(draws.astype(str), columns=classes)
    expected = sklearn_log_loss(labels, draws[:, [2, 1, 3, 0]], labels=sorted(classes))
    assert log_loss(pd.DataFrame({"label": labels}), predictions) == pytest.approx(expected, rel=1e-12)


def test_accuracy_by_hand() -> None:
    assert accuracy(ANSWERS, pd.DataFrame({"label": ["b", "b"]}, index=["x", "y"])) == 0.5


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("nan", "0.5", "'nan' in column 'a' for id 'x' is not a finite number"),
        ("", "1", "'' in column 'a' for id 'x' is not a finite number"),
        ("1.5", "-0.5", r"'1.5' in column 'a' for id 'x' is not in \[0, 1\]"),
        ("0.5", "0.4999", "must sum to 1, the row of id 'x' sums to 0.999900"),
    ],
)
def test_what_is_not_a_probability(first: str, second: str, said: str) -> None:
    predictions = pd.DataFrame({"a": [first, "0.5"], "b": [second, "0.5"]}, index=["x", "y"])
    with pytest.raises(InvalidSubmission, match=said):
        log_loss(ANSWERS, predictions)


def test_a_float32_softmax_is_accepted() -> None:
    predictions = pd.DataFrame({"a": ["0.50000006", "0.5"], "b": ["0.5", "0.49999997"]}, index=["x", "y"])
    assert log_loss(ANSWERS, predictions) == pytest.approx(math.log(2), abs=1e-6)


def test_missing_labels_and_unknown_classes() -> None:
    with pytest.raises(InvalidSubmission, match="1 rows have no label"):
        accuracy(ANSWERS, pd.DataFrame({"label": ["b", ""]}, index=["x", "y"]))
    with pytest.raises(InvalidSubmission, match="no column for the class b"):
        log_loss(ANSWERS, pd.DataFrame({"a": ["1", "1"]}, index=["x", "y"]))


def table(*texts: str, name: str = "x") -> pd.DataFrame:
    return pd.DataFrame({name: texts}, dtype="str")


ONES = pd.DataFrame({"x": ["1", "0"], "y": ["0", "1"]})
HALVES = pd.DataFrame({"x": ["0.5", "0.5"], "y": ["0.5", "0.5"]})
TWO_COLUMNS = pd.DataFrame({"x": ["1", "2"], "y": ["5", "8"]})


def test_rows_weigh_as_their_answers_say() -> None:
    answers = pd.DataFrame({"Weight": ["2", "1"], "x": ["1", "0"]})
    surprise = score(answers, table("0.5", "0.25"), metric_of_kind("binary_log_loss"))
    assert surprise == pytest.approx((2 * math.log(2) + math.log(4 / 3)) / 3)
    answers = pd.DataFrame({"Weight": ["2", "1"], "label": ["a", "b"]})
    both = pd.DataFrame({"a": ["0.5", "0.75"], "b": ["0.5", "0.25"]})
    surprise = log_loss(answers, both)
    assert surprise == pytest.approx((2 * math.log(2) + math.log(4)) / 3)
    answers = pd.DataFrame({"Weight": ["1", "1", "0"], "x": ["1", "3", "9"]})
    assert score(answers, table("1", "2", "0"), metric_of_kind("r2")) == pytest.approx(1 / 2)


def test_each_column_of_a_target_counts_alike_and_lines_without_an_answer_do_not() -> None:
    answers = pd.DataFrame({"Column": list("xxxy"), "Weight": list("1214"), "label": ["a", "b", "", "a"]})
    given = pd.DataFrame({"a": ["0.5", "0.75", "1", "0.5"], "b": ["0.5", "0.25", "0", "0.5"]})
    metric = metric_of_kind("mean_column_log_loss", weights=None, class_weights=None)
    of_x = (math.log(2) + 2 * math.log(4)) / 3
    assert score(answers, given, metric) == pytest.approx((of_x + math.log(2)) / 2)
    with pytest.raises(InvalidSubmission, match="must sum to 1"):
        score(answers, given.assign(b="0.5"), metric)


ALASKA = metric_of_kind("weighted_auc", edges=[0, 0.4, 1], weights=[2, 1])
PARTIAL = metric_of_kind("partial_auc", min_true_positive_rate=0.8)
MAP_1, MAP_3, MAP_5 = (metric_of_kind("map_at_k", k=k) for k in (1, 3, 5))
F2, ROW_F2 = metric_of_kind("f_beta", beta=2), metric_of_kind("samples_f_beta", beta=2)
TOP_2_ERROR, TOP_2_ACCURACY = metric_of_kind("top_k_error", k=2), metric_of_kind("top_k_accuracy", k=2)
HEAVY_X = metric_of_kind("weighted_mean_column_auc", "xy", weights={"x": 3})
SHARE_F1 = metric_of_kind("probabilistic_f1", beta=1)


@pytest.mark.parametrize(
    ("metric", "answers", "predictions", "expected"),
    [
        (metric_of_kind("auc"), table("1", "1", "0", "0"), table("0.9", "0.5", "0.5", "0.2"), 3.5 / 4),
        (ALASKA, table("0", "1"), table("0.1", "0.9"), 1),
        (ALASKA, table("0", "1"), table("0.7", "0.7"), 0.82 / 1.4),
        (metric_of_kind("binary_log_loss"), table("1", "0"), table("0.5", "0.25"), (math.log(2) + math.log(4 / 3)) / 2),
        (metric_of_kind("macro_f1"), table("a", "a", "a"), table("a", "a", "z"), 0.4),
        (metric_of_kind("quadratic_weighted_kappa"), table("0", "1", "2"), table("0", "1.0", "2"), 1),
        (metric_of_kind("quadratic_weighted_kappa"), table("0", "2"), table("2", "0"), -1),
        (metric_of_kind("multilabel_micro_f1"), table("1", "1 2"), table("1 2", "2"), 4 / 6),
        (metric_of_kind("multilabel_macro_f1"), table("1", "1 2"), table("1 2", "2"), 2 / 3),
        (MAP_3, table("a", "b", "c"), table("a", "x y b", "x y z c"), (1 + 1 / 3) / 3),
        (
            MAP_3,
            table("a b", "b", "a b c d"),
            table("b x a", "x y b", "a"),
            ((1 + 2 / 3) / 2 + 1 / 3 + 1 / 3) / 3,
        ),
        (MAP_5, table("a b", ""), table("b b a", "a"), (1 + 2 / 3) / 2 / 2),
        (MAP_1, table("a", "b"), table("a", "x b"), 1 / 2),
        (TOP_2_ERROR, table("a", "b", "c"), table("a", "x b", "x y c"), 1 / 3),
        (metric_of_kind("balanced_accuracy"), table("a", "a", "b"), table("a", "b", "b"), 3 / 4),
        (metric_of_kind("matthews_correlation"), table("1", "0"), table("0", "1"), -1),
        (F2, table("1", "1", "0"), table("1", "0", "1"), 1 / 2),
        (metric_of_kind("weighted_f1"), table("a", "a", "a", "b"), table("a", "a", "b", "b"), (3 * 0.8 + 2 / 3) / 4),
        (
            metric_of_kind("cohen_kappa"),
            table("0", "1", "1", "2"),
            table("0", "0", "1", "2"),
            (3 / 4 - 5 / 16) / (1 - 5 / 16),
        ),
        (metric_of_kind("linear_weighted_kappa"), table("0", "1", "1", "2"), table("0", "0", "1", "2"), 1 - 4 / 14),
        (TOP_2_ACCURACY, table("a", "b", "c"), table("a", "x b", "x y c"), 2 / 3),
        (metric_of_kind("samples_jaccard"), table("a", "a b"), table("a b", "b"), 1 / 2),
        (metric_of_kind("exact_match"), table("a", "a b"), table("a", "b"), 1 / 2),
        (metric_of_kind("exact_match"), ONES, ONES[::-1], 0),
        (metric_of_kind("hamming_loss"), ONES, ONES[::-1], 1),
        (metric_of_kind("brier"), table("1", "0"), table("0.8", "0.4"), (0.04 + 0.16) / 2),
        (metric_of_kind("brier"), table("x", "y"), HALVES, 1 / 4),
        (HEAVY_X, ONES, ONES[["y", "x"]].set_axis(["x", "y"], axis=1), 0),
        (ROW_F2, table("a", "a b"), table("a b", "b"), (5 / 6 + 5 / 9) / 2),
        (PARTIAL, table("0", "1"), table("0.3", "0.9"), 0.2),
        (metric_of_kind("average_precision"), table("1", "0", "1"), table("0.9", "0.5", "0.2"), (1 + 2 / 3) / 2),
        (metric_of_kind("rmse"), table("1", "2"), table("2", "4"), math.sqrt(2.5)),
        (metric_of_kind("rmse"), table("1", ""), table("2", "4"), 1),
        (metric_of_kind("mae"), table("1", "2"), table("2", "4"), 1.5),
        (metric_of_kind("mse"), table("1", "2"), table("2", "4"), 2.5),
        (metric_of_kind("mape"), table("1", "-2"), table("2", "-3"), (1 + 1 / 2) / 2),
        (metric_of_kind("smape"), table("1", "0"), table("3", "0"), 1 / 2),
        (metric_of_kind("mean_column_mae"), TWO_COLUMNS, TWO_COLUMNS[::-1], (1 + 3) / 2),
        (metric_of_kind("median_absolute_error"), table("1", "2", "3"), table("1", "4", "12"), 2),
        (metric_of_kind("pearson"), table("1", "2", ""), table("3", "9", "0"), 1),
        (metric_of_kind("spearman"), table("1", "2", "3"), table("9", "3", "1"), -1),
        (metric_of_kind("concordance"), table("1", "2", "3"), table("3", "5", "7"), 8 / 37),
        (metric_of_kind("rmsle"), table("0"), table(str(math.e - 1)), 1),
        (metric_of_kind("r2"), table("1", "3"), table("1", "2"), 1 / 2),
        (metric_of_kind("mean_column_rmse"), TWO_COLUMNS, TWO_COLUMNS[::-1], (1 + 3) / 2),
        (SHARE_F1, table("1", "0"), table("0.6", "0.4"), 0.6),
    ],
)
def test_scores_by_hand(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame, expected: float) -> None:
    assert score(answers, predictions, metric) == pytest.approx(expected)


def test_columns_are_scored_by_name() -> None:
    answers = pd.DataFrame({"a": ["1", "0"], "b": ["0", "1"], "not submitted": ["1", "1"]})
    predictions = pd.DataFrame({"b": ["0.1", "0.9"], "a": ["0.2", "0.4"]})
    assert score(answers, predictions, metric_of_kind("mean_column_auc")) == 0.5


@pytest.mark.parametrize(
    ("metric", "answers", "predictions", "said"),
    [
        (
            metric_of_kind("auc"),
            table("1", "0"),
            table("0.5", "1.01"),
            r"'1.01' in column 'x' for id '1' is not in",
        ),
        (metric_of_kind("auc"), table("1", "1"), table("0.5", "0.6"), "auc is not defined: only one class is present"),
        (ALASKA, table("1", "0"), table("0.5", ""), "'' in column 'x' for id '1' is not a finite number"),
        (metric_of_kind("macro_f1"), table("3", "4"), table("3", "4.0"), "labels must be integers, found 4.0"),
        (
            metric_of_kind("quadratic_weighted_kappa"),
            table("3", "4"),
            table("3", "2.3"),
            "labels must be integers, found 2.3",
        ),
        (metric_of_kind("multilabel_micro_f1"), table("1 2", "3"), table("1", ""), "Can only use .str accessor"),
        (metric_of_kind("exact_match"), ONES, HALVES, "Classification metrics need 0 or 1, found 0.5"),
        (metric_of_kind("hamming_loss"), table("1 2", "3"), table("1", "3 4"), "takes a column for each label"),
        (
            metric_of_kind("pearson"),
            table("2", "2"),
            table("3", "1"),
            "pearson is not defined: .* all numbers are the same",
        ),
        (SHARE_F1, table("1", "0"), table("0.6", "nan"), "'nan' in column 'x' for id '1' is not a finite number"),
        (metric_of_kind("mape"), table("1", "0"), table("1", "2"), "mape divides by the numbers of the target"),
        (MAP_5, table("a", "b"), table("a b", ""), "1 rows have no label"),
        (
            metric_of_kind("rmse"),
            table("1", "0"),
            table("inf", "1"),
            "'inf' in column 'x' for id '0' is not a finite number",
        ),
    ],
)
def test_what_a_host_cannot_score(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame, said: str) -> None:
    with pytest.raises(InvalidSubmission, match=said):
        score(answers, predictions, metric)
