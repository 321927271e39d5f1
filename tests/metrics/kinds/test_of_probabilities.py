import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.special import expit, softmax
from scipy.stats import entropy
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as reference

from foldline.files import arrays
from foldline.files.compact import IN_MEMORY, KEPT, compact_array
from foldline.files.refusal import Refusal
from tests.metrics.of_kind import scored

log_loss, balanced_log_loss, binary_log_loss = (scored(f"{kind}log_loss") for kind in ("", "balanced_", "binary_"))
kl_divergence, brier = scored("kl_divergence"), scored("brier")


def weighted_log_loss(targets: np.ndarray, predictions: np.ndarray, weights: Sequence[float]) -> float:
    """weights: of the classes."""
    names = [str(place) for place in range(len(weights))]
    return scored("weighted_log_loss", names, weights=dict(zip(names, weights, strict=True)))(targets, predictions)


def weighted_binary_log_loss(
    targets: np.ndarray, predictions: np.ndarray, weights: Sequence[tuple[float, float]]
) -> float:
    """weights: of each column where it is 0 and where it is 1."""
    by_name = {f"c{place}": {"negative": zero, "positive": one} for place, (zero, one) in enumerate(weights)}
    return scored("weighted_binary_log_loss", tuple(by_name), weights=by_name)(targets, predictions)


def mean_column_log_loss(
    targets: np.ndarray,
    predictions: np.ndarray,
    sizes: Sequence[int],
    weights: Sequence[float],
    class_weights: dict[str, float] | None = None,
) -> float:
    classes = [f"{column}={label}" for column, size in zip("xyz", sizes, strict=False) for label in range(size)]
    by_column = dict(zip("xyz", weights, strict=False))
    score = scored("mean_column_log_loss", classes, weights=by_column, class_weights=class_weights)
    return score(targets, predictions)


def drawn(rows: int, classes: int, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(rows + classes)
    logits = generator.normal(size=(rows, classes)) * sharpness
    return generator.integers(0, classes, rows), softmax(logits, axis=1).astype(np.float32)


@pytest.mark.parametrize(("rows", "classes", "sharpness"), [(1, 2, 1), (500, 7, 1), (300, 120, 5), (200, 3, 1000)])
def test_log_loss_is_that_of_scikit_learn(rows: int, classes: int, sharpness: float) -> None:
    """Sharpness 1000 underflows to zeros and ones, where the clipping shows."""
    targets, probabilities = drawn(rows, classes, sharpness)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = reference(targets, probabilities.astype(np.float64), labels=range(classes))
    assert log_loss(targets, probabilities) == pytest.approx(expected, rel=1e-12)


def test_log_loss_by_hand() -> None:
    probabilities = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    assert log_loss(np.array([0, 1]), probabilities) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)


def test_rows_that_weigh_as_their_class_are_scikit_learns_with_sample_weight() -> None:
    targets, probabilities = drawn(200, 3)
    weights = np.array([1.0, 2.0, 4.0])
    expected = reference(targets, probabilities.astype(np.float64), labels=range(3), sample_weight=weights[targets])
    assert weighted_log_loss(targets, probabilities, weights.tolist()) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(weighted_log_loss(np.array([1]), np.array([[0.5, 0.5]], np.float32), (1.0, 0.0)))


def test_of_compact_predictions_too() -> None:
    targets, probabilities = drawn(40, KEPT + 20)
    compact = compact_array(np.empty(40, IN_MEMORY), KEPT + 20, "probabilities")
    compact[:] = probabilities
    weights = np.random.default_rng(0).random(KEPT + 20).tolist()
    assert weighted_log_loss(targets, compact, weights) == pytest.approx(
        weighted_log_loss(targets, compact[:], weights), rel=1e-6
    )


def test_the_mean_over_columns_of_a_weighted_loss_by_hand_without_missing_labels() -> None:
    """Two labels and three; the second column weighs 2, label 1 of either 4."""
    targets = np.array([[0, 2], [1, -1], [0, 3]])
    probabilities = np.array([[0.5, 0.5, 0.25, 0.25, 0.5], [0.5, 0.5, 1, 0, 0], [0.25, 0.75, 0.5, 0.5, 0]], np.float32)
    first = (np.log(2) + 4 * np.log(2) + np.log(4)) / 6
    second = (np.log(4) + 4 * np.log(2)) / 5
    found = mean_column_log_loss(targets, probabilities, (2, 3), (1.0, 2.0), {"1": 4})
    assert found == pytest.approx((first + 2 * second) / 3)


def test_each_column_is_scikit_learns_and_one_without_a_label_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 24)
    (first, of_first), (second, of_second) = drawn(100, 2), drawn(100, 3)
    known, gap = np.random.default_rng(0).random(100) < 0.6, np.full(100, -1)
    targets = np.column_stack([first, np.where(known, second + 2, -1), gap])
    probabilities = np.hstack([of_first, of_second, np.ones((100, 1), np.float32)])
    each = [
        reference(first, of_first.astype(np.float64)),
        reference(second[known], of_second[known].astype(np.float64), labels=range(3)),
    ]
    found = mean_column_log_loss(targets, probabilities, (2, 3, 1), (1.0, 1.0, 1.0))
    assert found == pytest.approx(np.mean(each), rel=1e-12)
    assert np.isnan(mean_column_log_loss(targets[:, 2:], probabilities[:, 5:], (1,), (1.0,)))


def test_one_certain_mistake_costs_what_the_graders_clip_to() -> None:
    assert log_loss(np.array([1]), np.array([[1, 0]], np.float32)) == pytest.approx(36.0437, abs=1e-4)


def test_binary_log_loss_is_that_of_scikit_learn() -> None:
    targets, probabilities = drawn(300, 2)
    expected = reference(targets, probabilities[:, 1].astype(np.float64))
    assert binary_log_loss(targets, probabilities) == pytest.approx(expected, rel=1e-6)


def test_of_a_multilabel_target_it_is_the_mean_of_the_columns() -> None:
    generator = np.random.default_rng(0)
    targets = (generator.uniform(size=(200, 3)) < 0.3).astype(np.uint8)
    probabilities = expit(generator.normal(size=(200, 3))).astype(np.float32)
    by_column = [reference(targets[:, place], probabilities[:, place].astype(np.float64)) for place in range(3)]
    assert binary_log_loss(targets, probabilities) == pytest.approx(np.mean(by_column), rel=1e-12)


def test_weights_may_depend_on_what_is_true_and_each_row_counts_alike() -> None:
    """The second column weighs 7 where it is absent and 14 where it is present; of rsna-2022 by its hosts' rows."""
    targets = np.array([[1, 1], [1, 0], [0, 0]], np.uint8)
    probabilities = np.array([[0.5, 0.25], [0.5, 0.25], [0.75, 0.5]], np.float32)
    losses = -np.log([[0.5, 0.25], [0.5, 0.75], [0.25, 0.5]])
    weights = np.array([[2, 14], [2, 7], [1, 7]])
    expected = ((losses * weights).sum(axis=1) / weights.sum(axis=1)).mean()
    assert weighted_binary_log_loss(targets, probabilities, [(1.0, 2.0), (7.0, 14.0)]) == pytest.approx(expected)


def test_a_row_whose_columns_weigh_nothing_costs_nothing() -> None:
    targets, probabilities = np.array([[0], [1]], np.uint8), np.array([[0.5], [0.5]], np.float32)
    assert weighted_binary_log_loss(targets, probabilities, [(0.0, 1.0)]) == pytest.approx(np.log(2) / 2)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, probabilities = drawn(100, 4)
    whole = log_loss(targets, probabilities)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 16)
    assert log_loss(targets, probabilities) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("bad", [np.nan, -0.5, 1.5])
def test_what_is_no_probability_is_refused_with_the_row(bad: float, monkeypatch: pytest.MonkeyPatch) -> None:
    targets, probabilities = drawn(30, 4)
    probabilities[17, 2] = bad
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 16)
    with pytest.raises(Refusal, match="predictions of row 17 cannot be scored: they hold NaN, or values outside 0"):
        log_loss(targets, probabilities)


def test_no_rows_are_refused() -> None:
    with pytest.raises(Refusal, match="no rows to score"):
        log_loss(np.empty(0, np.int64), np.empty((0, 3), np.float32))


def test_weighted_columns_count_more() -> None:
    targets = np.array([[1, 0], [0, 1]], np.uint8)
    shares = np.array([[0.5, 0.25], [0.5, 0.25]], np.float32)
    by_column = np.array([2 * np.log(2), np.log(4 / 3) + np.log(4)]) / 2
    assert weighted_binary_log_loss(targets, shares, [(2.0, 2.0), (1.0, 1.0)]) == pytest.approx(
        (2 * by_column[0] + by_column[1]) / 3
    )


def test_classes_that_weigh_alike() -> None:
    """Two rows of the first, one of the second, none of the third."""
    targets = np.array([0, 0, 1])
    shares = np.array([[0.5, 0.5, 0], [0.25, 0.75, 0], [0, 0.5, 0.5]], np.float32)
    expected = ((np.log(2) + np.log(4)) / 2 + np.log(2)) / 2
    assert balanced_log_loss(targets, shares) == pytest.approx(expected)
    weights = [0.5, 0.5, 1]
    assert balanced_log_loss(targets, shares) == pytest.approx(
        reference(targets, shares.astype(float), sample_weight=weights, labels=[0, 1, 2])
    )


VOTED = np.array([[1, 0], [0.5, 0.5]], np.float32)


def test_divergence_by_hand() -> None:
    guesses = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    expected = (np.log(2) + 0.5 * np.log(2) + 0.5 * np.log(2 / 3)) / 2
    assert kl_divergence(VOTED, guesses) == pytest.approx(expected)
    assert kl_divergence(VOTED, VOTED) == pytest.approx(0, abs=1e-12)


def test_a_share_that_was_given_no_chance_costs_what_kaggle_clips_to() -> None:
    assert kl_divergence(VOTED[:1], np.array([[0, 1]], np.float32)) == pytest.approx(-np.log(1e-15))


def test_it_is_scipys_relative_entropy_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    voted, guesses = (generator.dirichlet(np.ones(6), 50).astype(np.float32) for _ in range(2))
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 24)
    assert kl_divergence(voted, guesses) == pytest.approx(entropy(voted, guesses, axis=1).mean(), rel=1e-5)


def test_nan_is_refused() -> None:
    with pytest.raises(Refusal, match="predictions of row 1 cannot be scored"):
        kl_divergence(VOTED, np.array([[1, 0], [np.nan, 0]], np.float32))


def test_squared_error_by_hand() -> None:
    """Errors of 0.2, 0.2 and 0.6, 0.6; of two labels 0.2 and 0.4, 0.6 and 0."""
    predictions = np.array([[0.8, 0.2], [0.6, 0.4]], np.float32)
    assert brier(np.array([0, 1]), predictions) == pytest.approx((0.04 + 0.36) / 2)
    sets = np.array([[1, 0], [1, 1]], np.uint8)
    each = np.array([[0.8, 0.4], [0.4, 1]], np.float32)
    assert brier(sets, each) == pytest.approx((0.04 + 0.16 + 0.36) / 4)


def test_it_is_that_of_scikit_learn() -> None:
    """Of two classes; of five, scikit-learn sums over the classes. One of them has no row."""
    generator = np.random.default_rng(0)
    targets, shares = generator.integers(0, 2, 100), generator.uniform(size=100).astype(np.float32)
    assert brier(targets, np.column_stack([1 - shares, shares])) == pytest.approx(brier_score_loss(targets, shares))
    targets, five = generator.integers(0, 4, 100), generator.dirichlet(np.ones(5), 100).astype(np.float32)
    expected = brier_score_loss(targets, five, labels=np.arange(5)) / 5
    assert brier(targets, five) == pytest.approx(expected, rel=1e-6)


def test_nan_is_refused_with_the_row() -> None:
    with pytest.raises(Refusal, match="predictions of row 1 cannot be scored"):
        brier(np.array([0, 1]), np.array([[1, 0], [np.nan, 0]], np.float32))
