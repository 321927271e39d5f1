import numpy as np
import pytest
from sklearn.metrics import f1_score, fbeta_score, root_mean_squared_error

from foldline.competition.scores.values import probabilistic_f1, rmse
from foldline.refusal import Refusal


def test_rmse_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    targets, values = (generator.normal(50, 20, (300, 1)).astype(np.float32) for _ in range(2))
    expected = root_mean_squared_error(targets.astype(np.float64), values.astype(np.float64))
    assert rmse(targets, values) == pytest.approx(expected, rel=1e-12)


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
