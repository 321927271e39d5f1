import numpy as np
import pytest
from scipy.special import softmax

from foldline.ensembling.weight_fitting import Curve, least_on_simplex, log_loss_curve, squared_error_curve


def mean_log_loss(probabilities: np.ndarray) -> Curve:
    return log_loss_curve(probabilities, np.full(len(probabilities), 1 / len(probabilities)))


def log_loss_of(seed: int, rows: int = 400, members: int = 6) -> Curve:
    """Members of different strength, two of them nearly alike."""
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=(rows, 1))
    scores = truth * generator.uniform(-0.5, 2, members) + generator.normal(size=(rows, members))
    scores[:, 1] = scores[:, 0] + 1e-3 * scores[:, 1]
    return mean_log_loss(1 / (1 + np.exp(-scores)))


@pytest.mark.parametrize("seed", range(10))
def test_no_weights_are_better(seed: int) -> None:
    """A convex f is at its least w on the simplex when no vertex lies downhill: f(w) - f* <= max_i (w - e_i) . grad."""
    curve = log_loss_of(seed)
    weights = least_on_simplex(curve, 6)
    _, gradient = curve(weights)
    assert float(gradient @ weights - gradient.min()) < 1e-7
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights.min() >= 0


def test_equal_members_get_equal_weights() -> None:
    column = np.random.default_rng(0).uniform(0.1, 0.9, size=(50, 1))
    np.testing.assert_allclose(least_on_simplex(mean_log_loss(np.repeat(column, 4, axis=1)), 4), 0.25, atol=1e-9)


def test_a_perfect_member_gets_all() -> None:
    probabilities = np.column_stack([np.full(100, 1 - 1e-9), np.full(100, 0.5), np.full(100, 1e-15)])
    assert least_on_simplex(mean_log_loss(probabilities), 3)[0] == pytest.approx(1, abs=1e-6)


def test_squared_error_by_hand() -> None:
    """Targets half way between two members: half of each."""
    values = np.column_stack([np.arange(10.0), np.arange(10.0) + 2, np.full(10, 50.0)])
    weights = least_on_simplex(squared_error_curve(values, np.arange(10.0) + 1), 3)
    np.testing.assert_allclose(weights, [0.5, 0.5, 0], atol=1e-4)


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_weights_do_not_depend_on_the_unit_of_the_values(unit: float) -> None:
    """Of members whose errors are independent, each weighs as the inverse of its error's variance."""
    generator = np.random.default_rng(0)
    targets = generator.normal(size=10_000)
    values = np.column_stack([targets + generator.normal(size=10_000) * error for error in (1.0, 1.0, 2.0)])
    weights = least_on_simplex(squared_error_curve(values * unit, targets * unit), 3)
    np.testing.assert_allclose(weights, [4 / 9, 4 / 9, 1 / 9], atol=0.01)


@pytest.mark.parametrize("curve", [log_loss_of(3), squared_error_curve(softmax(np.eye(6) * 3), np.arange(6.0))])
def test_the_gradient_is_that_of_the_value(curve: Curve) -> None:
    weights = np.array([0.3, 0.2, 0.1, 0.1, 0.2, 0.1])
    _, gradient = curve(weights)
    steps = 1e-5 * np.eye(6)
    slopes = [(curve(weights + step)[0] - curve(weights - step)[0]) / 2e-5 for step in steps]
    np.testing.assert_allclose(gradient, slopes, atol=1e-6)
