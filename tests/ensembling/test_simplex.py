import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax

from foldline.ensembling.weight_fitting import Curve, least_on_simplex, log_loss_curve, squared_error_curve


def log_loss_of(seed: int, rows: int = 400, members: int = 6) -> Curve:
    """Members of different strength, two of them nearly alike."""
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=(rows, 1))
    scores = truth * generator.uniform(-0.5, 2, members) + generator.normal(size=(rows, members))
    scores[:, 1] = scores[:, 0] + 1e-3 * scores[:, 1]
    return log_loss_curve(1 / (1 + np.exp(-scores)))


@pytest.mark.parametrize("seed", range(10))
def test_no_weights_are_better(seed: int) -> None:
    """A convex f is at its least w on the simplex when no vertex lies downhill: f(w) - f* <= max_i (w - e_i) . grad."""
    curve = log_loss_of(seed)
    weights = least_on_simplex(curve, 6)
    _, gradient, _ = curve(weights)
    assert float(gradient @ weights - gradient.min()) < 1e-7
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights.min() >= 0


@pytest.mark.parametrize("seed", range(4))
def test_a_general_solver_finds_nothing_lower(seed: int) -> None:
    curve = log_loss_of(seed)
    solution = minimize(
        lambda weights: curve(weights)[:2],
        np.full(6, 1 / 6),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * 6,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert curve(least_on_simplex(curve, 6))[0] <= solution.fun + 1e-9


def test_equal_members_get_equal_weights() -> None:
    column = np.random.default_rng(0).uniform(0.1, 0.9, size=(50, 1))
    np.testing.assert_allclose(least_on_simplex(log_loss_curve(np.repeat(column, 4, axis=1)), 4), 0.25, atol=1e-9)


def test_a_perfect_member_gets_all() -> None:
    probabilities = np.column_stack([np.full(100, 1 - 1e-9), np.full(100, 0.5), np.full(100, 1e-15)])
    assert least_on_simplex(log_loss_curve(probabilities), 3)[0] == pytest.approx(1, abs=1e-6)


def test_squared_error_by_hand() -> None:
    """Targets half way between two members: half of each."""
    values = np.column_stack([np.arange(10.0), np.arange(10.0) + 2, np.full(10, 50.0)])
    weights = least_on_simplex(squared_error_curve(values, np.arange(10.0) + 1), 3)
    np.testing.assert_allclose(weights, [0.5, 0.5, 0], atol=1e-4)


@pytest.mark.parametrize("curve", [log_loss_of(3), squared_error_curve(softmax(np.eye(6) * 3), np.arange(6.0))])
def test_gradient_and_hessian_are_those_of_the_value(curve: Curve) -> None:
    weights = np.array([0.3, 0.2, 0.1, 0.1, 0.2, 0.1])
    _, gradient, hessian = curve(weights)
    steps = 1e-5 * np.eye(6)
    slopes = [(curve(weights + step)[0] - curve(weights - step)[0]) / 2e-5 for step in steps]
    bends = [(curve(weights + step)[1] - curve(weights - step)[1]) / 2e-5 for step in steps]
    np.testing.assert_allclose(gradient, slopes, atol=1e-6)
    np.testing.assert_allclose(hessian, bends, atol=1e-5)
