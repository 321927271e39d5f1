from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from foldline.files.refusal import Refusal
from foldline.metrics.scores.correlations import concordance, pearson, spearman

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
def test_a_missing_number_counts_nowhere(score: Score) -> None:
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
