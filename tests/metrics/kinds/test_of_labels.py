import math
import warnings

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    fbeta_score,
    matthews_corrcoef,
)

from foldline.files.refusal import Refusal
from tests.metrics.of_kind import scored

accuracy, balanced_accuracy, macro_f1 = scored("accuracy"), scored("balanced_accuracy"), scored("macro_f1")
weighted_f1, matthews = scored("weighted_f1"), scored("matthews_correlation")
cohen_kappa, linear_weighted_kappa, quadratic_weighted_kappa = (
    scored(f"{kind}_kappa") for kind in ("cohen", "linear_weighted", "quadratic_weighted")
)


def f_beta(targets: np.ndarray, labels: np.ndarray, beta: float) -> float:
    return scored("f_beta", beta=beta)(targets, labels)


def mean_column_accuracy(targets: np.ndarray, labels: np.ndarray, weights: tuple[float, float]) -> float:
    """Of columns of 3 and 2 labels."""
    classes, by_column = ("x=a", "x=b", "x=c", "y=0", "y=1"), dict(zip("xy", weights, strict=True))
    return scored("mean_column_accuracy", classes, weights=by_column)(targets, labels)


def drawn(classes: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(classes)
    targets = generator.integers(0, classes, rows)
    return targets, np.where(generator.uniform(size=rows) < 0.5, targets, generator.integers(0, classes, rows))


@pytest.mark.parametrize("classes", [2, 5, 200])
def test_they_are_those_of_scikit_learn(classes: int) -> None:
    """With 200 classes and 300 rows, some are among the answers or the predictions alone."""
    targets, labels = drawn(classes)
    assert accuracy(targets, labels) == accuracy_score(targets, labels)
    assert macro_f1(targets, labels) == pytest.approx(f1_score(targets, labels, average="macro"), rel=1e-12)
    assert weighted_f1(targets, labels) == pytest.approx(f1_score(targets, labels, average="weighted"), rel=1e-12)
    for weights, kappa in (
        (None, cohen_kappa),
        ("linear", linear_weighted_kappa),
        ("quadratic", quadratic_weighted_kappa),
    ):
        expected = cohen_kappa_score(targets, labels, weights=weights)
        assert kappa(targets, labels) == pytest.approx(expected, rel=1e-9)


def test_kappas_by_hand() -> None:
    """Right are 3 of 4; the targets have (1, 2, 1) rows of the levels, the labels (2, 1, 1): by chance 5 of 16."""
    targets, labels = np.array([0, 1, 1, 2]), np.array([0, 0, 1, 2])
    assert cohen_kappa(targets, labels) == pytest.approx((3 / 4 - 5 / 16) / (1 - 5 / 16))
    # Rows are one level off in all; by chance 3 of those at 0, 6 of those at 1, 5 of those at 2, over 4.
    assert linear_weighted_kappa(targets, labels) == pytest.approx(1 - 1 / (14 / 4))


def test_a_class_that_is_predicted_in_vain_adds_a_zero_to_macro_f1() -> None:
    assert macro_f1(np.array([0, 0, 1]), np.array([0, 0, 1])) == 1
    # F1 of 0: 2 of 3 found, none wrong, 0.8; of 7: 0.
    assert macro_f1(np.array([0, 0, 0]), np.array([0, 0, 7])) == pytest.approx(0.4)


def test_each_class_weighs_as_its_rows_do() -> None:
    """F1 of 0: 2 of 3 found, none wrong, 0.8; of 1: all found, one wrong, 2 / 3; of 7, in vain, nothing."""
    assert weighted_f1(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])) == pytest.approx((3 * 0.8 + 2 / 3) / 4)
    assert weighted_f1(np.array([0, 0, 0]), np.array([0, 0, 7])) == pytest.approx(0.8)


def test_a_level_that_nobody_has_does_not_count_for_kappa() -> None:
    targets, labels = drawn(3)
    assert quadratic_weighted_kappa(2 * targets, 2 * labels) == quadratic_weighted_kappa(targets, labels)


@pytest.mark.parametrize("kappa", [cohen_kappa, linear_weighted_kappa, quadratic_weighted_kappa])
def test_kappa_of_one_level_alone_is_not_defined(kappa) -> None:
    assert math.isnan(kappa(np.array([3, 3]), np.array([3, 3])))
    assert kappa(np.array([3, 3]), np.array([3, 1])) == 0


@pytest.mark.parametrize("score", [accuracy, macro_f1, weighted_f1, cohen_kappa, quadratic_weighted_kappa])
def test_no_rows_are_refused(score) -> None:
    with pytest.raises(Refusal, match="no rows to score"):
        score(np.empty(0, np.int64), np.empty(0, np.int64))


@pytest.mark.parametrize("classes", [2, 4])
def test_balance_and_correlation_are_those_of_scikit_learn(classes: int) -> None:
    """The last class is among the labels alone."""
    generator = np.random.default_rng(0)
    targets, labels = generator.integers(0, classes - (classes > 2), 300), generator.integers(0, classes, 300)
    assert matthews(targets, labels) == pytest.approx(matthews_corrcoef(targets, labels), rel=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class that is never among the targets is left out
        expected = balanced_accuracy_score(targets, labels)
    assert balanced_accuracy(targets, labels) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_f_beta_is_that_of_scikit_learn(beta: float) -> None:
    targets, labels = np.random.default_rng(1).integers(0, 2, (2, 200))
    assert f_beta(targets, labels, beta) == pytest.approx(fbeta_score(targets, labels, beta=beta), rel=1e-12)


def test_of_one_class_alone() -> None:
    """Nothing wanted and nothing found scores 0; what all rows share correlates with nothing."""
    nothing, all_of_it = np.zeros(3, np.int64), np.ones(3, np.int64)
    assert f_beta(nothing, nothing, 1.0) == 0
    assert matthews(nothing, np.array([0, 1, 1])) == matthews(nothing, nothing) == 0
    assert balanced_accuracy(all_of_it, all_of_it) == 1


def test_the_correlation_of_a_million_rows_does_not_overflow() -> None:
    targets = np.arange(1_000_000) % 3
    assert matthews(targets, targets) == 1


def test_the_mean_over_columns_by_hand() -> None:
    """Columns of 3 and 2 labels: of two rows one is right in the first, both are in the second, which counts twice."""
    targets, labels = np.array([[0, 4], [2, 3]]), np.array([[0, 4], [1, 3]])
    assert mean_column_accuracy(targets, labels, (1.0, 2.0)) == pytest.approx((0.5 + 2 * 1) / 3)


def test_a_missing_label_counts_nowhere_and_a_column_without_any_is_left_out() -> None:
    targets, labels = np.array([[0, -1], [-1, -1]]), np.array([[0, 4], [1, 3]])
    assert mean_column_accuracy(targets, labels, (1.0, 2.0)) == 1
    assert np.isnan(mean_column_accuracy(targets, labels, (0.0, 2.0)))
