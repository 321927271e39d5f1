"""Weights that are fractions, some of them 0, are scikit-learn's `sample_weight`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from tests.metrics.of_kind import scored

GENERATOR = np.random.default_rng(0)
ROWS = 80
WEIGHTS = np.where(GENERATOR.random(ROWS) < 0.2, 0, GENERATOR.random(ROWS))
POSITIVE = GENERATOR.integers(0, 2, ROWS)
CLASSES, FOUND = (GENERATOR.integers(0, 4, ROWS) for _ in range(2))
SHARE = (GENERATOR.integers(0, 11, ROWS) / 10).astype(np.float32)
TWO, DEALT = np.column_stack([1 - SHARE, SHARE]), GENERATOR.dirichlet(np.ones(4), ROWS).astype(np.float32)
SETS, GUESSED = (GENERATOR.integers(0, 2, (ROWS, 4)).astype(np.uint8) for _ in range(2))
NUMBERS, NEAR = (GENERATOR.integers(1, 30, (ROWS, 3)).astype(np.float32) for _ in range(2))

Reference = Callable[..., Any]


@pytest.mark.parametrize(
    ("score", "targets", "answers", "expected", "their_answers"),
    [
        (scored("accuracy"), CLASSES, FOUND, reference.accuracy_score, FOUND),
        (scored("balanced_accuracy"), CLASSES, FOUND, reference.balanced_accuracy_score, FOUND),
        (scored("matthews_correlation"), CLASSES, FOUND, reference.matthews_corrcoef, FOUND),
        (scored("cohen_kappa"), CLASSES, FOUND, reference.cohen_kappa_score, FOUND),
        (scored("auc"), POSITIVE, TWO, reference.roc_auc_score, SHARE),
        (scored("average_precision"), POSITIVE, TWO, reference.average_precision_score, SHARE),
        (scored("mean_column_auc"), SETS, DEALT, reference.roc_auc_score, DEALT),
        (scored("mean_column_average_precision"), SETS, DEALT, reference.average_precision_score, DEALT),
        (scored("log_loss"), CLASSES, DEALT, reference.log_loss, DEALT.astype(np.float64)),
        (scored("brier"), POSITIVE, TWO, reference.brier_score_loss, SHARE),
        (scored("exact_match"), SETS, GUESSED == 1, reference.accuracy_score, GUESSED),
        (scored("hamming_loss"), SETS, GUESSED == 1, reference.hamming_loss, GUESSED),
        (scored("mse"), NUMBERS, NEAR, reference.mean_squared_error, NEAR),
        (scored("mae"), NUMBERS, NEAR, reference.mean_absolute_error, NEAR),
        (scored("mape"), NUMBERS, NEAR, reference.mean_absolute_percentage_error, NEAR),
        (scored("r2"), NUMBERS, NEAR, reference.r2_score, NEAR),
        (scored("mean_column_rmse"), NUMBERS, NEAR, reference.root_mean_squared_error, NEAR),
    ],
)
def test_weights_are_those_of_scikit_learn(
    score: Callable[..., float],
    targets: np.ndarray,
    answers: np.ndarray,
    expected: Reference,
    their_answers: np.ndarray,
) -> None:
    found = score(targets, answers, WEIGHTS)
    assert found == pytest.approx(expected(targets, their_answers, sample_weight=WEIGHTS), rel=1e-6)


@pytest.mark.parametrize(
    ("score", "targets", "answers", "expected", "keys"),
    [
        (scored("macro_f1"), CLASSES, FOUND, reference.f1_score, {"average": "macro"}),
        (scored("weighted_f1"), CLASSES, FOUND, reference.f1_score, {"average": "weighted"}),
        (scored("f_beta", beta=2), POSITIVE, FOUND % 2, reference.fbeta_score, {"beta": 2}),
        (scored("multilabel_micro_f1"), SETS, GUESSED == 1, reference.f1_score, {"average": "micro"}),
        (scored("multilabel_macro_f1"), SETS, GUESSED == 1, reference.f1_score, {"average": "macro"}),
        (scored("samples_jaccard"), SETS, GUESSED == 1, reference.jaccard_score, {"average": "samples"}),
        (scored("quadratic_weighted_kappa"), CLASSES, FOUND, reference.cohen_kappa_score, {"weights": "quadratic"}),
        (scored("linear_weighted_kappa"), CLASSES, FOUND, reference.cohen_kappa_score, {"weights": "linear"}),
    ],
)
def test_weights_of_what_scikit_learn_has_several_of(
    score: Callable[..., float], targets: np.ndarray, answers: np.ndarray, expected: Reference, keys: dict[str, Any]
) -> None:
    their_answers = answers.astype(np.int64)
    found = score(targets, answers, WEIGHTS)
    assert found == pytest.approx(expected(targets, their_answers, sample_weight=WEIGHTS, **keys), rel=1e-9)


def test_a_class_whose_rows_all_weigh_0_is_absent() -> None:
    targets, labels, weights = np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 1.0, 0.0])
    assert scored("balanced_accuracy")(targets, labels, weights) == 1 / 2
    assert np.isnan(scored("auc")(targets, np.full((3, 2), 0.5, np.float32), weights))


def test_the_median_of_weighted_errors_is_between_the_two_in_the_middle() -> None:
    """Errors 0, 1, 2, 9: up to 1 they weigh 3 of 6, just half; with less of the first, 2 is the middle."""
    targets, values = np.zeros((4, 1), np.float32), np.array([[0], [1], [2], [9]], np.float32)
    median = scored("median_absolute_error")
    assert median(targets, values, np.array([1.0, 2.0, 2.0, 1.0])) == 1.5
    assert median(targets, values, np.array([0.5, 2.0, 2.0, 1.0])) == 2


def test_part_of_a_row_is_a_smaller_step_of_global_precision() -> None:
    """Right of weight 1.5, then wrong of 1, then right of 0.5: steps of 1, 0.5, 1 and 0.5."""
    labels = np.array([[0, 0.9], [1, 0.8], [0, 0.7]])
    score = scored("global_average_precision")(np.zeros(3, np.int64), labels, np.array([1.5, 1.0, 0.5]))
    assert score == pytest.approx((1 + 0.5 + 0.5 * 2 / 3) / 3)


def test_nothing_finds_a_row_without_a_label() -> None:
    """Wrong ones lower the precision of those behind them, and are not among those to be found."""
    labels = np.array([[0, 0.9], [0, 0.8], [0, 0.7]])
    assert scored("global_average_precision")(np.array([0, -1, 0]), labels) == pytest.approx((1 + 2 / 3) / 2)
