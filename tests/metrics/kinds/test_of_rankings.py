import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import average_precision_score, label_ranking_average_precision_score, top_k_accuracy_score

from tests.metrics.of_kind import scored

global_average_precision = scored("global_average_precision")


def map_at_k(targets: np.ndarray, rankings: np.ndarray, k: int) -> float:
    return scored("map_at_k", k=k)(targets, rankings)


def top_k_accuracy(targets: np.ndarray, rankings: np.ndarray, k: int) -> float:
    return scored("top_k_accuracy", k=k)(targets, rankings)


def top_k_error(targets: np.ndarray, rankings: np.ndarray, k: int) -> float:
    return scored("top_k_error", k=k)(targets, rankings)


def test_each_row_counts_one_over_its_place() -> None:
    rankings = np.array([[4, 2, 0], [2, 4, 0], [0, 2, 4], [7, 8, -1]])
    assert map_at_k(np.array([4, 4, 4, 4]), rankings, k=3) == pytest.approx((1 + 1 / 2 + 1 / 3 + 0) / 4)
    assert map_at_k(np.array([4, 4, 4, 4]), rankings, k=2) == pytest.approx((1 + 1 / 2) / 4)


def test_of_a_whole_ranking_it_is_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    probabilities = softmax(generator.normal(size=(50, 6)), axis=1)
    targets = generator.integers(0, 6, 50)
    expected = label_ranking_average_precision_score(np.eye(6)[targets], probabilities)
    assert map_at_k(targets, np.argsort(-probabilities, axis=1), k=6) == pytest.approx(expected)


def test_nothing_is_no_class() -> None:
    assert map_at_k(np.array([0, 1]), np.full((2, 5), -1), k=5) == 0
    assert map_at_k(np.array([[1, 0]], np.uint8), np.full((1, 5), -1), k=5) == 0


def test_several_right_labels_count_by_the_precision_down_to_each() -> None:
    """Rows with two right ones, with more than asked for, and without any."""
    targets = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]], np.uint8)
    rankings = np.array([[1, 3, 0], [3, 0, -1], [0, 1, 2]])
    assert map_at_k(targets, rankings, k=3) == pytest.approx(((1 + 2 / 3) / 2 + (1 / 2) / 3 + 0) / 3)
    assert map_at_k(targets, rankings, k=2) == pytest.approx((1 / 2 + (1 / 2) / 2 + 0) / 3)


def test_of_whole_rankings_of_several_labels_it_is_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    targets = (generator.random((50, 6)) < 0.4).astype(np.uint8)
    targets[:, 0] |= ~targets.any(axis=1)
    shares = generator.random((50, 6))
    expected = label_ranking_average_precision_score(targets, shares)
    assert map_at_k(targets, np.argsort(-shares, axis=1), k=6) == pytest.approx(expected)


def test_one_right_label_is_the_same_as_a_set_of_one() -> None:
    generator = np.random.default_rng(0)
    targets, rankings = generator.integers(0, 6, 50), generator.permuted(np.tile(np.arange(6), (50, 1)), axis=1)
    assert map_at_k(np.eye(6, dtype=np.uint8)[targets], rankings, k=3) == map_at_k(targets, rankings, k=3)


def test_top_k_error_is_scikit_learns_accuracy_from_one() -> None:
    generator = np.random.default_rng(0)
    targets, shares = generator.integers(0, 6, 100), generator.uniform(size=(100, 6))
    expected, rankings = top_k_accuracy_score(targets, shares, k=2, labels=np.arange(6)), np.argsort(-shares, axis=1)
    assert top_k_accuracy(targets, rankings, k=2) == pytest.approx(expected)
    assert top_k_error(targets, rankings, k=2) == pytest.approx(1 - expected)


def test_gap_by_hand() -> None:
    """By confidence: wrong, right, wrong, right."""
    labels = np.array([[7, 0.2], [1, 0.9], [2, 0.8], [4, 0.1]])
    assert global_average_precision(np.array([3, 0, 2, 4]), labels) == pytest.approx((1 / 2 + 2 / 4) / 4)


def test_gap_of_which_all_is_asked_is_scikit_learns_average_precision() -> None:
    """The rows that are right are the positive ones; all rows are to be found, not these alone."""
    generator = np.random.default_rng(0)
    targets, found, confidences = generator.integers(0, 3, 80), generator.integers(0, 3, 80), generator.uniform(size=80)
    right = targets == found
    expected = average_precision_score(right, confidences) * right.mean()
    assert global_average_precision(targets, np.column_stack([found, confidences])) == pytest.approx(expected)
