from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
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
from tests.metrics.of_kind import scored

rmse, mean_column_rmse, rmsle, mae, mse, mean_column_mae, mape, smape, r2, median_error = (
    scored(kind)
    for kind in (
        "rmse",
        "mean_column_rmse",
        "rmsle",
        "mae",
        "mse",
        "mean_column_mae",
        "mape",
        "smape",
        "r2",
        "median_absolute_error",
    )
)
pearson, spearman, concordance = scored("pearson"), scored("spearman"), scored("concordance")


def weighted_r2(targets: np.ndarray, values: np.ndarray, weights: tuple[float, ...]) -> float:
    names = "abc"[: len(weights)]
    return scored("weighted_r2", names, weights=dict(zip(names, weights, strict=True)))(targets, values)


def probabilistic_f1(targets: np.ndarray, values: np.ndarray, beta: float) -> float:
    return scored("probabilistic_f1", beta=beta)(targets, values)


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
    assert mse(targets, values) == pytest.approx(mean_squared_error(wanted, found))
    assert mean_column_mae(targets, values) == pytest.approx(mean_absolute_error(wanted, found))
    assert median_error(targets, values) == pytest.approx(median_absolute_error(wanted, found))
    assert mape(targets, values) == pytest.approx(mean_absolute_percentage_error(wanted, found))
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
    assert mse(targets, values) == pytest.approx((1 + 9 + 4) / 3)
    assert mean_column_mae(targets, values) == pytest.approx((4 / 2 + 2) / 2)
    assert median_error(targets, values) == pytest.approx((4 / 2 + 2) / 2)
    assert mape(targets, values) == pytest.approx((1 / 1 + 3 / 3 + 2 / 6) / 3)
    assert smape(targets, values) == pytest.approx((2 / 3 + 2 + 4 / 14) / 3)
    assert r2(targets, values) == pytest.approx(1 - 10 / 2), "one number has no spread"
    assert weighted_r2(targets, values, (1.0, 1.0, 1.0)) == pytest.approx(
        1 - 14 / np.sum((np.array([1, 3, 6]) - 10 / 3) ** 2)
    )


def test_equal_targets_have_no_r2() -> None:
    equal = np.full((3, 2), 7, np.float32)
    assert np.isnan(r2(equal, equal))
    assert np.isnan(weighted_r2(equal, equal, (1.0, 2.0)))


@pytest.mark.parametrize(("kind", "keys"), [("r2", {}), ("weighted_r2", {"weights": {"b": 0.2}})])
def test_equal_targets_have_no_r2_whatever_the_last_bits_of_their_mean(kind: str, keys: dict) -> None:
    """0.1 * 3 + 0.1 * 0.2 + ... is not the sum of the weights * 0.1. A row that weighs nothing does not count."""
    weights = np.random.default_rng(0).choice([0.1, 0.3, 2.0, 1e-6], 50)
    targets = np.full((50, 2), 99635864.1, np.float32)
    weights[-1], targets[-1] = 0, 1
    assert np.isnan(scored(kind, ("a", "b"), **keys)(targets, targets + 1e3, weights))


def test_the_truth_has_no_logarithmic_error() -> None:
    targets = np.array([[0.1], [3.3], [1e6]], np.float32)
    assert rmsle(targets, targets) == 0


def test_of_two_zeros_the_symmetric_share_is_0() -> None:
    assert smape(np.array([[0.0], [0.0]], np.float32), np.array([[0.0], [-3.0]], np.float32)) == 1


def test_nothing_is_a_share_of_0() -> None:
    with pytest.raises(Refusal, match=r"row 1 of those scored has a 0 in column 0\. Correct metric\.kind"):
        mape(np.array([[1.0], [0.0]], np.float32), np.array([[1.0], [2.0]], np.float32))


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


Score = Callable[[np.ndarray, np.ndarray], float]
ALL = pytest.mark.parametrize("score", [pearson, spearman, concordance])


def column(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)[:, None]


def drawn(levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Few levels: many ties."""
    generator = np.random.default_rng(levels)
    targets = generator.integers(0, levels, (80, 3)).astype(np.float32)
    return targets, np.round(targets + generator.normal(scale=levels / 2, size=targets.shape)).astype(np.float32)


@pytest.mark.parametrize("levels", [4, 10_000])
def test_they_are_those_of_scipy(levels: int) -> None:
    targets, values = drawn(levels)
    for score, expected in ((pearson, pearsonr), (spearman, spearmanr)):
        each = [expected(targets[:, one], values[:, one]).statistic for one in range(3)]
        assert score(targets, values) == pytest.approx(np.mean(each), rel=1e-6)


def test_concordance_by_hand() -> None:
    """Deviations (-1, 0, 1) and (-2, 0, 2), means 2 and 5: covariance 4 / 3, variances 2 / 3 and 8 / 3."""
    assert concordance(column(1, 2, 3), column(3, 5, 7)) == pytest.approx(2 * 4 / 3 / (2 / 3 + 8 / 3 + 9))


def test_concordance_is_correlation_less_what_scale_and_mean_differ() -> None:
    targets, values = drawn(50)
    each = []
    for wanted, found in zip(targets.T.astype(float), values.T.astype(float), strict=True):
        sizes, distance = (wanted.std(), found.std()), wanted.mean() - found.mean()
        bias = 2 / (sizes[0] / sizes[1] + sizes[1] / sizes[0] + distance**2 / (sizes[0] * sizes[1]))
        each.append(pearsonr(wanted, found).statistic * bias)
    assert concordance(targets, values) == pytest.approx(np.mean(each))


@ALL
def test_the_best_is_1_and_the_reverse_is_minus_1(score: Score) -> None:
    targets = column(-1, 0, 1)
    assert score(targets, targets) == pytest.approx(1)
    assert score(targets, -targets) == pytest.approx(-1)


@ALL
def test_equal_predictions_score_0_and_equal_targets_are_left_out(score: Score) -> None:
    assert score(column(1, 2, 3), column(7, 7, 7)) == 0
    assert np.isnan(score(column(7, 7, 7), column(1, 2, 3)))
    both = np.hstack([column(7, 7, 7), column(1, 2, 3)])
    assert score(both, both) == pytest.approx(1)


@ALL
def test_a_missing_number_goes_together_with_nothing(score: Score) -> None:
    """One column lacks a row, one has a single number, one has none."""
    gap = np.nan
    targets = np.array([[1, gap, gap], [3, 6, gap], [gap, gap, gap], [2, gap, gap]], np.float32)
    values = np.array([[2, 9, 9], [0, 8, 9], [9, 9, 9], [5, 9, 9]], np.float32)
    assert score(targets, values) == pytest.approx(score(column(1, 3, 2), column(2, 0, 5)))


@ALL
def test_what_is_no_number_and_no_rows_are_refused(score: Score) -> None:
    with pytest.raises(Refusal, match="value of row 1 cannot be scored"):
        score(column(1, 2), column(1, np.nan))
    with pytest.raises(Refusal, match="no rows to score"):
        score(np.empty((0, 1), np.float32), np.empty((0, 1), np.float32))
