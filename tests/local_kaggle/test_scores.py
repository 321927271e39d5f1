import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss as sklearn_log_loss

from foldline.files.refusal import Refusal
from foldline.local_kaggle.fields import Unacceptable
from foldline.local_kaggle.label_scores import accuracy
from foldline.local_kaggle.probability_scores import log_loss
from foldline.local_kaggle.scores import score_of

ANSWERS = pd.DataFrame({"label": ["b", "a"]}, index=["x", "y"])


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
        ("1.5", "-0.5", r"must lie in \[0, 1\], found 1.5 in column 'a' for id 'x'"),
        ("0.5", "0.4999", "must sum to 1, the row of id 'x' sums to 0.999900"),
    ],
)
def test_what_is_not_a_probability(first: str, second: str, said: str) -> None:
    predictions = pd.DataFrame({"a": [first, "0.5"], "b": [second, "0.5"]}, index=["x", "y"])
    with pytest.raises(Unacceptable, match=said):
        log_loss(ANSWERS, predictions)


def test_a_float32_softmax_is_accepted() -> None:
    predictions = pd.DataFrame({"a": ["0.50000006", "0.5"], "b": ["0.5", "0.49999997"]}, index=["x", "y"])
    assert log_loss(ANSWERS, predictions) == pytest.approx(math.log(2), abs=1e-6)


def test_missing_labels_and_unknown_classes() -> None:
    with pytest.raises(Unacceptable, match="1 rows have no label"):
        accuracy(ANSWERS, pd.DataFrame({"label": ["b", ""]}, index=["x", "y"]))
    with pytest.raises(Unacceptable, match="no column for the class b"):
        log_loss(ANSWERS, pd.DataFrame({"a": ["1", "1"]}, index=["x", "y"]))


def table(*texts: str, name: str = "x") -> pd.DataFrame:
    return pd.DataFrame({name: texts}, dtype="str")


ONES = pd.DataFrame({"x": ["1", "0"], "y": ["0", "1"]})
HALVES = pd.DataFrame({"x": ["0.5", "0.5"], "y": ["0.5", "0.5"]})
TWO_COLUMNS = pd.DataFrame({"x": ["1", "2"], "y": ["5", "8"]})


def test_rows_weigh_as_their_answers_say() -> None:
    answers = pd.DataFrame({"Weight": ["2", "1"], "x": ["1", "0"]})
    surprise = score_of("weighted_binary_log_loss").value(answers, table("0.5", "0.25"))
    assert surprise == pytest.approx((2 * math.log(2) + math.log(4 / 3)) / 3)
    answers = pd.DataFrame({"Weight": ["2", "1"], "label": ["a", "b"]})
    both = pd.DataFrame({"a": ["0.5", "0.75"], "b": ["0.5", "0.25"]})
    surprise = score_of("weighted_log_loss").value(answers, both)
    assert surprise == pytest.approx((2 * math.log(2) + math.log(4)) / 3)
    answers = pd.DataFrame({"Weight": ["1", "1", "0"], "x": ["1", "3", "9"]})
    assert score_of("weighted_r2").value(answers, table("1", "2", "0")) == pytest.approx(1 / 2)


def test_each_column_of_a_target_counts_alike_and_lines_without_an_answer_do_not() -> None:
    answers = pd.DataFrame({"Column": list("xxxy"), "Weight": list("1214"), "label": ["a", "b", "", "a"]})
    given = pd.DataFrame({"a": ["0.5", "0.75", "1", "0.5"], "b": ["0.5", "0.25", "0", "0.5"]})
    of_x = (math.log(2) + 2 * math.log(4)) / 3
    assert score_of("mean_column_log_loss").value(answers, given) == pytest.approx((of_x + math.log(2)) / 2)
    with pytest.raises(Unacceptable, match="must sum to 1"):
        score_of("mean_column_log_loss").value(answers, given.assign(b="0.5"))


@pytest.mark.parametrize("name", ["map_at", "map_at()", "map_at(a)", "map_at(1, 2)", "accuracy(1)", "guess"])
def test_an_unknown_metric_is_refused(name: str) -> None:
    with pytest.raises(Refusal, match=r"`metric` is .* Valid: accuracy, auc, .* map_at\(5\), "):
        score_of(name)


@pytest.mark.parametrize(
    ("metric", "answers", "predictions", "score"),
    [
        ("auc", table("1", "1", "0", "0"), table("0.9", "0.5", "0.5", "0.2"), 3.5 / 4),
        ("weighted_auc", table("0", "1"), table("-3", "1e6"), 1),
        ("weighted_auc", table("0", "1"), table("7", "7"), 0.82 / 1.4),
        ("binary_log_loss", table("1", "0"), table("0.5", "0.25"), (math.log(2) + math.log(4 / 3)) / 2),
        ("macro_f1", table("a", "a", "a"), table("a", "a", "z"), 0.4),
        ("quadratic_kappa", table("0", "1", "2"), table("0", "1.0", "2"), 1),
        ("quadratic_kappa", table("0", "2"), table("2", "0"), -1),
        ("multilabel_micro_f1", table("1", "1 2"), table("1 2", "2"), 4 / 6),
        ("multilabel_macro_f1", table("1", "1 2"), table("1 2", "2"), 2 / 3),
        ("map_at(3)", table("a", "b", "c"), table("a", "x y b", "x y z c"), (1 + 1 / 3) / 3),
        (
            "map_at(3)",
            table("a b", "b", "a b c d"),
            table("b x a", "x y b", "a"),
            ((1 + 2 / 3) / 2 + 1 / 3 + 1 / 3) / 3,
        ),
        ("map_at(5)", table("a b", ""), table("b b a", "a"), (1 + 2 / 3) / 2 / 2),
        ("map_at(1)", table("a", "b"), table("a", "x b"), 1 / 2),
        ("top_k_error(2)", table("a", "b", "c"), table("a", "x b", "x y c"), 1 / 3),
        ("balanced_accuracy", table("a", "a", "b"), table("a", "b", "b"), 3 / 4),
        ("matthews", table("1", "0"), table("0", "1"), -1),
        ("f_beta(2)", table("1", "1", "0"), table("1", "0", "1"), 1 / 2),
        ("weighted_f1", table("a", "a", "a", "b"), table("a", "a", "b", "b"), (3 * 0.8 + 2 / 3) / 4),
        ("cohen_kappa", table("0", "1", "1", "2"), table("0", "0", "1", "2"), (3 / 4 - 5 / 16) / (1 - 5 / 16)),
        ("linear_kappa", table("0", "1", "1", "2"), table("0", "0", "1", "2"), 1 - 4 / 14),
        ("top_k_accuracy(2)", table("a", "b", "c"), table("a", "x b", "x y c"), 2 / 3),
        ("mean_row_jaccard", table("a", "a b"), table("a b", "b"), 1 / 2),
        ("exact_match", table("a", "a b"), table("a", "b"), 1 / 2),
        ("exact_match", ONES, ONES[::-1], 0),
        ("hamming_loss", ONES, ONES[::-1], 1),
        ("brier", table("1", "0"), table("0.8", "0.4"), (0.04 + 0.16) / 2),
        ("brier", table("x", "y"), HALVES, 1 / 4),
        ("weighted_mean_column_auc(3, 1)", ONES, ONES[["y", "x"]].set_axis(["x", "y"], axis=1), 0),
        ("mean_row_f_beta(2)", table("a", "a b"), table("a b", "b"), (5 / 6 + 5 / 9) / 2),
        ("partial_auc(0.8)", table("0", "1"), table("-3", "9"), 0.2),
        ("average_precision", table("1", "0", "1"), table("0.9", "0.5", "0.2"), (1 + 2 / 3) / 2),
        ("rmse", table("1", "2"), table("2", "4"), math.sqrt(2.5)),
        ("rmse(0, 5)", table("1", ""), table("2", "4"), 1),
        ("mae", table("1", "2"), table("2", "4"), 1.5),
        ("mse", table("1", "2"), table("2", "4"), 2.5),
        ("mape", table("1", "-2"), table("2", "-3"), (1 + 1 / 2) / 2),
        ("smape", table("1", "0"), table("3", "0"), 1 / 2),
        ("mean_column_mae", TWO_COLUMNS, TWO_COLUMNS[::-1], (1 + 3) / 2),
        ("median_absolute_error", table("1", "2", "3"), table("1", "4", "12"), 2),
        ("pearson", table("1", "2", ""), table("3", "9", "0"), 1),
        ("spearman", table("1", "2", "3"), table("9", "3", "1"), -1),
        ("concordance", table("1", "2", "3"), table("3", "5", "7"), 8 / 37),
        ("rmsle", table("0"), table(str(math.e - 1)), 1),
        ("r2", table("1", "3"), table("1", "2"), 1 / 2),
        ("mean_column_rmse", TWO_COLUMNS, TWO_COLUMNS[::-1], (1 + 3) / 2),
        ("probabilistic_f1", table("1", "0"), table("0.6", "0.4"), 0.6),
        ("probabilistic_f1", table("1", "0"), table("0.6", "nan"), 0),
    ],
)
def test_scores_by_hand(metric: str, answers: pd.DataFrame, predictions: pd.DataFrame, score: float) -> None:
    assert score_of(metric).value(answers, predictions) == pytest.approx(score)


def test_columns_are_scored_by_name() -> None:
    answers = pd.DataFrame({"a": ["1", "0"], "b": ["0", "1"], "not submitted": ["1", "1"]})
    predictions = pd.DataFrame({"b": ["0.1", "0.9"], "a": ["0.2", "0.4"]})
    assert score_of("mean_column_auc").value(answers, predictions) == 0.5


@pytest.mark.parametrize(
    ("metric", "answers", "predictions", "said"),
    [
        ("auc", table("1", "0"), table("0.5", "1.01"), r"must lie in \[0, 1\], found 1.01"),
        ("auc", table("1", "1"), table("0.5", "0.6"), "Only one class is present"),
        ("weighted_auc", table("1", "0"), table("0.5", ""), "'' in column 'x' for id '1' is not a finite number"),
        ("macro_f1", table("3", "4"), table("3", "4.0"), "labels must be whole numbers, found 4.0"),
        ("quadratic_kappa", table("3", "4"), table("3", "2.3"), "labels must be whole numbers, found 2.3"),
        ("multilabel_micro_f1", table("1 2", "3"), table("1", ""), "Can only use .str accessor"),
        ("exact_match", ONES, HALVES, "Classification metrics need 0 or 1, found 0.5"),
        ("hamming_loss", table("1 2", "3"), table("1", "3 4"), "takes a column for each label"),
        ("pearson", table("1", "2"), table("3", "3"), "column 'x' has no correlation, its values are constant"),
        ("map_at(5)", table("a", "b"), table("a b", ""), "1 rows have no label"),
        ("rmse(1, 100)", table("1", "7"), table("1", "0.5"), r"values must lie in \[1, 100\], found 0.5"),
        ("rmse", table("1", "0"), table("inf", "1"), "'inf' in column 'x' for id '0' is not a finite number"),
    ],
)
def test_what_a_host_cannot_score(metric: str, answers: pd.DataFrame, predictions: pd.DataFrame, said: str) -> None:
    with pytest.raises(Unacceptable, match=said):
        score_of(metric).value(answers, predictions)
