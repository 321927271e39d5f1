import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize
from scipy.special import softmax, xlogy

from foldline.ensembling.projection import projections


def rows_of(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


def nearest_by_solver(row: np.ndarray, lower: float, upper: float) -> np.ndarray:
    """min KL(q || row) over lower <= q <= upper, sum q = 1."""
    solution = minimize(
        lambda q: (xlogy(q, q) - xlogy(q, row)).sum(),
        np.full(len(row), 1 / len(row)),
        jac=lambda q: np.log(q / row) + 1,
        method="SLSQP",
        bounds=[(max(lower, 1e-12), upper)] * len(row),
        constraints=[LinearConstraint(np.ones(len(row)), 1, 1)],
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    return solution.x


@pytest.mark.parametrize("seed", range(20))
def test_the_projection_is_the_nearest_distribution_within_the_bounds(seed: int) -> None:
    generator = np.random.default_rng(seed)
    classes = int(generator.integers(2, 9))
    row = softmax(generator.normal(size=classes) * generator.uniform(0.1, 4))
    lower = generator.uniform(0, 1 / classes)
    upper = generator.uniform(1 / classes, 1)
    projected = projections(row[None].astype(np.float32))(lower, upper)[0]
    np.testing.assert_allclose(projected, nearest_by_solver(row, lower, upper), atol=2e-5)


@pytest.mark.parametrize(
    ("lower", "upper"),
    [(0.0, 1.0), (0.01 / 120, 0.99), (0.0, 0.01), (0.5 / 120, 2 / 120), (1 / 120, 1.0), (0.0, 1 / 120)],
)
@pytest.mark.parametrize("sharpness", [0.01, 1, 30, 1000])
def test_rows_sum_to_one_within_the_bounds_and_keep_their_order(lower: float, upper: float, sharpness: float) -> None:
    logits = np.random.default_rng(0).normal(size=(500, 120)) * sharpness
    rows = softmax(logits, axis=1).astype(np.float32)
    projected = projections(rows)(lower, upper)
    assert np.abs(projected.sum(axis=1) - 1).max() < 1e-11
    assert np.abs(projected.astype(np.float32).sum(axis=1, dtype=np.float64) - 1).max() < 1e-6
    assert projected.min() >= lower
    assert projected.max() <= upper
    ascending = np.take_along_axis(projected, rows.argsort(axis=1), axis=1)
    assert (np.diff(ascending, axis=1) >= 0).all()


def test_classes_at_no_bound_keep_their_ratios() -> None:
    projected = projections(rows_of([0.9, 0.06, 0.03, 0.01]))(0.02, 0.8)[0]
    np.testing.assert_allclose(projected, [0.8, 0.12, 0.06, 0.02], rtol=1e-6)


def test_a_row_within_the_bounds_stays_as_it_is() -> None:
    row = rows_of([0.5, 0.25, 0.25])
    np.testing.assert_array_equal(projections(row)(0.1, 0.9), row)


def test_a_row_that_sums_to_two_is_first_of_all_scaled() -> None:
    np.testing.assert_allclose(projections(rows_of([1.0, 0.6, 0.4]))(0.0, 1.0), [[0.5, 0.3, 0.2]], rtol=1e-6)


def test_projecting_twice_changes_nothing() -> None:
    rows = softmax(np.random.default_rng(1).normal(size=(100, 10)) * 5, axis=1).astype(np.float32)
    once = projections(rows)(0.01, 0.6)
    np.testing.assert_allclose(projections(once)(0.01, 0.6), once, atol=1e-12)


def test_equal_probabilities_stay_equal() -> None:
    np.testing.assert_allclose(projections(np.full((2, 4), 0.25, np.float32))(0.1, 0.5), 0.25)


def test_bounds_that_meet_leave_one_distribution() -> None:
    np.testing.assert_allclose(projections(rows_of([0.7, 0.2, 0.1]))(1 / 3, 1 / 3), 1 / 3)


def test_zeros_rise_to_the_lower_bound() -> None:
    projected = projections(rows_of([1, 0, 0, 0]))(0.01, 1.0)
    np.testing.assert_allclose(projected, [[0.97, 0.01, 0.01, 0.01]], rtol=1e-12)


def test_zeros_share_what_the_others_may_not_have() -> None:
    """No scale does it; the limit of (1, e, e, e) for ever smaller e does."""
    exact = projections(rows_of([1, 0, 0, 0]))(0.0, 0.7)
    np.testing.assert_allclose(exact, [[0.7, 0.1, 0.1, 0.1]], rtol=1e-12)
    np.testing.assert_allclose(projections(rows_of([1, 1e-30, 1e-30, 1e-30]))(0.0, 0.7), exact, rtol=1e-9)


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [-0.1, 1.1], [np.inf, 0.0]])
def test_a_row_that_no_scale_makes_a_distribution_is_named(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="row 1 cannot be scaled to sum to one"):
        projections(rows_of([0.5, 0.5], bad))(0.0, 1.0)
