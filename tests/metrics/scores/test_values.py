import numpy as np
import pytest
from sklearn.metrics import (
    f1_score,
    fbeta_score,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    median_absolute_error,
    r2_score,
    root_mean_squared_error,
    root_mean_squared_log_error,
)

from foldline.files.refusal import Refusal
from foldline.metrics.scores import values as scores
from foldline.metrics.scores.values import mae, mean_column_rmse, probabilistic_f1, r2, rmse, rmsle, weighted_r2


def test_rmse_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    targets, values = (generator.normal(50, 20, (300, 1)).astype(np.float32) for _ in range(2))
    expected = root_mean_squared_error(targets.astype(np.float64), values.astype(np.float64))
    assert rmse(targets, values) == pytest.approx(expected, rel=1e-12)


def test_metrics_of_columns_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    targets, values = (generator.uniform(0, 9, (50, 3)).astype(np.float32) for _ in range(2))
    wanted, found = targets.astype(np.float64), values.astype(np.float64)
    each = [root_mean_squared_error(wanted[:, column], found[:, column]) for column in range(3)]
    assert rmse(targets, values) == pytest.approx(root_mean_squared_error(wanted.ravel(), found.ravel()))
    assert mean_column_rmse(targets, values) == pytest.approx(np.mean(each))
    assert mae(targets, values) == pytest.approx(mean_absolute_error(wanted, found))
    assert rmsle(targets, values) == pytest.approx(root_mean_squared_log_error(wanted.ravel(), found.ravel()), rel=1e-6)
    assert scores.mse(targets, values) == pytest.approx(mean_squared_error(wanted, found))
    assert scores.mean_column_mae(targets, values) == pytest.approx(mean_absolute_error(wanted, found))
    assert scores.median_absolute_error(targets, values) == pytest.approx(median_absolute_error(wanted, found))
    assert scores.mape(targets, values) == pytest.approx(mean_absolute_percentage_error(wanted, found))
    assert r2(targets, values) == pytest.approx(r2_score(wanted, found))
    weights = (0.5, 0.2, 0.0)
    expected = r2_score(wanted.ravel(), found.ravel(), sample_weight=np.tile(weights, 50))
    assert weighted_r2(targets, values, weights) == pytest.approx(expected)


def test_a_missing_number_counts_nowhere() -> None:
    """By hand: errors 1 and 3 in the first column, 2 in the second; the third holds none."""
    gap = np.nan
    targets = np.array([[1, gap, gap], [3, 6, gap]], np.float32)
    values = np.array([[2, 9, 9], [0, 8, 9]], np.float32)
    assert rmse(targets, values) == pytest.approx(np.sqrt((1 + 9 + 4) / 3))
    assert mean_column_rmse(targets, values) == pytest.approx((np.sqrt(5) + 2) / 2)
    assert mae(targets, values) == pytest.approx(2)
    assert scores.mse(targets, values) == pytest.approx((1 + 9 + 4) / 3)
    assert scores.mean_column_mae(targets, values) == pytest.approx((4 / 2 + 2) / 2)
    assert scores.median_absolute_error(targets, values) == pytest.approx((4 / 2 + 2) / 2)
    assert scores.mape(targets, values) == pytest.approx((1 / 1 + 3 / 3 + 2 / 6) / 3)
    assert scores.smape(targets, values) == pytest.approx((2 / 3 + 2 + 4 / 14) / 3)
    assert r2(targets, values) == pytest.approx(1 - 10 / 2), "one number has no spread"
    assert weighted_r2(targets, values, (1.0, 1.0, 1.0)) == pytest.approx(
        1 - 14 / np.sum((np.array([1, 3, 6]) - 10 / 3) ** 2)
    )


def test_equal_targets_have_no_r2() -> None:
    equal = np.full((3, 2), 7, np.float32)
    assert np.isnan(r2(equal, equal))
    assert np.isnan(weighted_r2(equal, equal, (1.0, 2.0)))


def test_of_two_zeros_the_symmetric_share_is_0() -> None:
    assert scores.smape(np.array([[0.0], [0.0]], np.float32), np.array([[0.0], [-3.0]], np.float32)) == 1


def test_nothing_is_a_share_of_0() -> None:
    with pytest.raises(Refusal, match=r"row 1 of those scored has a 0 in column 0\. Correct metric\.kind"):
        scores.mape(np.array([[1.0], [0.0]], np.float32), np.array([[1.0], [2.0]], np.float32))


def test_a_logarithm_takes_numbers_above_minus_one() -> None:
    with pytest.raises(Refusal, match="takes numbers above -1, found -2"):
        rmsle(np.array([[1.0]], np.float32), np.array([[-2.0]], np.float32))


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_of_hard_labels_the_probabilistic_f1_is_scikit_learns(beta: float) -> None:
    generator = np.random.default_rng(1)
    targets, labels = (generator.integers(0, 2, 200) for _ in range(2))
    expected = fbeta_score(targets, labels, beta=beta)
    assert probabilistic_f1(targets, labels.astype(np.float32), beta) == pytest.approx(expected, rel=1e-12)
    assert f1_score(targets, labels) == pytest.approx(probabilistic_f1(targets, labels.astype(np.float32), 1.0))


def test_probabilities_count_as_parts_of_rows() -> None:
    """Hits 0.6, claimed 1, wanted 1: precision = recall = 0.6, however right the order is."""
    assert probabilistic_f1(np.array([1, 0]), np.array([0.6, 0.4], np.float32), 1.0) == pytest.approx(0.6)
    assert probabilistic_f1(np.array([1, 0]), np.array([1.7, -0.3], np.float32), 1.0) == 1


def test_without_a_positive_row_or_a_positive_prediction_it_is_0() -> None:
    assert probabilistic_f1(np.array([0, 0]), np.array([0.6, 0.4], np.float32), 1.0) == 0
    assert probabilistic_f1(np.array([1, 0]), np.array([0.0, 0.0], np.float32), 1.0) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused_with_the_row(bad: float) -> None:
    with pytest.raises(Refusal, match="value of row 1 cannot be scored"):
        rmse(np.zeros((2, 1), np.float32), np.array([[0], [bad]], np.float32))
    with pytest.raises(Refusal, match="value of row 1 cannot be scored"):
        probabilistic_f1(np.array([0, 1]), np.array([0, bad], np.float32), 1.0)
