import numpy as np
import pytest

from foldline.ensembling import intervals
from foldline.ensembling.intervals import Interval, bootstrap_interval, bootstrap_interval_of_mean, mean_interval

pytestmark = pytest.mark.many_draws


def interval_of_mean(values: np.ndarray, clusters: np.ndarray, cells_per_row: int = 1) -> Interval:
    return bootstrap_interval(lambda rows: float(values[rows].mean()), clusters, cells_per_row)


def test_of_a_mean_it_is_the_textbook_interval() -> None:
    values = np.random.default_rng(1).normal(3, 2, 2000)
    low, high = interval_of_mean(values, np.arange(2000))
    reach = 1.96 * values.std() / np.sqrt(2000)
    assert low == pytest.approx(values.mean() - reach, abs=0.2 * reach)
    assert high == pytest.approx(values.mean() + reach, abs=0.2 * reach)


def test_it_covers_the_truth_as_often_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "DRAWS", 200)
    generator = np.random.default_rng(2)
    draws = [interval_of_mean(generator.normal(size=100), np.arange(100)) for _ in range(200)]
    covered = np.mean([low <= 0 <= high for low, high in draws])
    assert 0.89 <= covered <= 0.98


def test_rows_of_a_cluster_are_drawn_together() -> None:
    """Forty copies of a row say no more than the row: the interval is that of the distinct ones."""
    values = np.random.default_rng(3).normal(size=50)
    low, high = interval_of_mean(values, np.arange(50))
    order = np.random.default_rng(4).permutation(2000)
    copied = interval_of_mean(np.repeat(values, 40)[order], np.repeat(np.arange(50), 40)[order])
    assert copied.high - copied.low == pytest.approx(high - low, rel=0.15)


def test_smaller_draws_of_many_rows_give_the_same_width(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(5).normal(size=5000)
    whole = interval_of_mean(values, np.arange(5000), cells_per_row=10)
    monkeypatch.setattr(intervals, "MOST_CELLS", 5000)
    part = interval_of_mean(values, np.arange(5000), cells_per_row=10)
    assert part.high - part.low == pytest.approx(whole.high - whole.low, rel=0.15)


@pytest.mark.parametrize("most_cells", [intervals.MOST_CELLS, 30], ids=["whole", "in part"])
def test_of_a_mean_the_clusters_sums_say_the_same(most_cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a draw is of part of the clusters, their number is another: the rows' is what it reads."""
    monkeypatch.setattr(intervals, "MOST_CELLS", most_cells)
    generator = np.random.default_rng(6)
    values, clusters = generator.normal(1, 1, 60), np.arange(60) if most_cells == 30 else generator.integers(0, 40, 60)
    assert bootstrap_interval_of_mean(values, clusters) == pytest.approx(interval_of_mean(values, clusters), abs=1e-12)


def test_draws_without_a_value_are_left_out_and_none_at_all_is_nan() -> None:
    assert bootstrap_interval(lambda rows: 1.0 if 0 in rows else np.nan, np.arange(5)) == (1, 1)
    assert all(np.isnan(bootstrap_interval(lambda rows: np.nan, np.arange(5))))


def test_what_is_not_known_excludes_nothing() -> None:
    assert not Interval(np.nan, np.nan).excludes_zero
    assert not Interval(-1, 1).excludes_zero
    assert Interval(0.1, 1).excludes_zero
    assert Interval(-2, -1).excludes_zero


def test_the_interval_over_folds_is_students() -> None:
    low, high = mean_interval([1.0, 2.0, 3.0, np.nan])
    assert (low, high) == (
        pytest.approx(2 - 4.3027 / np.sqrt(3), abs=1e-3),
        pytest.approx(2 + 4.3027 / np.sqrt(3), abs=1e-3),
    )
