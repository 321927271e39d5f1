import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from foldline.files.compact import IN_MEMORY, compact_array
from foldline.files.refusal import Refusal
from tests.metrics.of_kind import scored

auc, mean_column_auc, micro_auc = scored("auc"), scored("mean_column_auc"), scored("micro_auc")
average_precision, mean_column_average_precision = scored("average_precision"), scored("mean_column_average_precision")
brier = scored("brier")
ALASKA = {"edges": (0.0, 0.4, 1.0), "weights": (2.0, 1.0)}


def weighted_auc(targets: np.ndarray, predictions: np.ndarray, **keys: Any) -> float:
    return scored("weighted_auc", **keys)(targets, predictions)


def partial_auc(targets: np.ndarray, predictions: np.ndarray, lowest: float) -> float:
    return scored("partial_auc", min_true_positive_rate=lowest)(targets, predictions)


def weighted_columns(targets: np.ndarray, predictions: np.ndarray, weights: tuple[float, ...]) -> float:
    by_name = dict(zip("abcd", weights, strict=True))
    return scored("weighted_mean_column_auc", "abcd", weights=by_name)(targets, predictions)


def two_columns(positive: list[float] | np.ndarray) -> np.ndarray:
    positives = np.asarray(positive, np.float32)
    return np.column_stack([1 - positives, positives])


@pytest.mark.parametrize("levels", [3, 10_000])
def test_auc_is_that_of_scikit_learn_with_and_without_ties(levels: int) -> None:
    generator = np.random.default_rng(levels)
    targets = generator.integers(0, 2, 500)
    scores = (generator.integers(0, levels, 500) / levels).astype(np.float32)
    assert auc(targets, two_columns(scores)) == pytest.approx(roc_auc_score(targets, scores), rel=1e-12)


def test_auc_by_hand() -> None:
    """Pairs in order: .9 above .5 and .2, .5 level with .5 and above .2: 3.5 of 4."""
    assert auc(np.array([1, 1, 0, 0]), two_columns([0.9, 0.5, 0.5, 0.2])) == 3.5 / 4


@pytest.mark.parametrize("target", [0, 1])
def test_of_one_class_alone_there_is_no_area(target: int) -> None:
    predictions = two_columns([0.1, 0.6])
    assert math.isnan(auc(np.full(2, target), predictions))
    assert math.isnan(weighted_auc(np.full(2, target), predictions, **ALASKA))


def test_mean_column_auc_leaves_out_a_column_without_positives() -> None:
    generator = np.random.default_rng(1)
    targets = (generator.uniform(size=(100, 3)) < 0.4).astype(np.uint8)
    targets[:, 1] = 0
    predictions = generator.uniform(size=(100, 3)).astype(np.float32)
    expected = roc_auc_score(targets[:, [0, 2]], predictions[:, [0, 2]])
    assert mean_column_auc(targets, predictions) == pytest.approx(expected)
    assert math.isnan(mean_column_auc(targets[:, [1]], predictions[:, [1]]))


def test_columns_weigh_as_they_are_told() -> None:
    """As rsna-intracranial-aneurysm-detection: one counts as much as all others. Without positives it is out."""
    generator = np.random.default_rng(1)
    targets = (generator.uniform(size=(100, 4)) < 0.4).astype(np.uint8)
    predictions = generator.uniform(size=(100, 4)).astype(np.float32)
    any_, *others = (roc_auc_score(targets[:, one], predictions[:, one]) for one in range(4))
    weighted = weighted_columns(targets, predictions, (3.0, 1.0, 1.0, 1.0))
    assert weighted == pytest.approx((any_ + np.mean(others)) / 2)
    targets[:, 1] = 0
    assert weighted_columns(targets, predictions, (3.0, 1.0, 0.0, 0.0)) == pytest.approx(any_)
    assert math.isnan(weighted_columns(targets, predictions, (0.0, 1.0, 0.0, 0.0)))


def test_each_class_against_all_others_is_scikit_learns() -> None:
    generator = np.random.default_rng(4)
    targets, predictions = generator.integers(0, 4, 80), generator.dirichlet(np.ones(4), 80)
    expected = roc_auc_score(targets, predictions, multi_class="ovr", average="macro")
    assert mean_column_auc(targets, predictions.astype(np.float32)) == pytest.approx(expected, abs=1e-6)


def test_of_compact_predictions_the_areas_are_those_of_dense_ones() -> None:
    """Of 120 classes, the 20 that are not kept share what is left."""
    generator = np.random.default_rng(5)
    targets = generator.integers(0, 120, 300)
    compact = compact_array(np.empty(300, IN_MEMORY), 120, "probabilities")
    compact[:] = generator.dirichlet(np.full(120, 0.1), 300).astype(np.float32)
    dense = np.vstack([compact[row : row + 1] for row in range(300)])
    assert mean_column_auc(targets, compact) == mean_column_auc(targets, dense)
    assert brier(targets, compact) == brier(targets, dense)


def test_weighted_auc_of_perfect_chance_and_inverse_order() -> None:
    targets = np.array([0] * 50 + [1] * 50)
    perfect = two_columns(np.linspace(0.1, 0.9, 100))
    assert weighted_auc(targets, perfect, **ALASKA) == pytest.approx(1)
    assert weighted_auc(1 - targets, perfect, **ALASKA) == pytest.approx(0)
    # All rows alike: the diagonal. Below 0.4 lie 0.4 - 0.08 = 0.32, above it 0.18; (2 * 0.32 + 0.18) / 1.4.
    assert weighted_auc(targets, two_columns(np.full(100, 0.3)), **ALASKA) == pytest.approx(0.82 / 1.4)


def test_even_weights_are_plain_auc() -> None:
    generator = np.random.default_rng(2)
    targets = generator.integers(0, 2, 300)
    predictions = two_columns((generator.integers(0, 40, 300) + 8 * targets) / 60)
    even = weighted_auc(targets, predictions, edges=(0.0, 0.3, 0.5, 1.0), weights=(1.0, 1.0, 1.0))
    assert even == pytest.approx(auc(targets, predictions), rel=1e-12)


def test_weighted_auc_is_the_integral_of_its_definition() -> None:
    """The curve's height at 200,000 rates, cut into bands and weighted."""
    generator = np.random.default_rng(3)
    targets = generator.integers(0, 2, 60)
    scores = generator.uniform(size=60).astype(np.float32)
    negatives = np.sort(scores[targets == 0])[::-1]
    rates = (np.arange(200_000) + 0.5) / 200_000
    limits = negatives[np.minimum((rates * len(negatives)).astype(int), len(negatives) - 1)]
    heights = np.searchsorted(np.sort(-scores[targets == 1]), -limits) / (targets == 1).sum()
    weighted = 2 * np.minimum(heights, 0.4) + np.maximum(heights - 0.4, 0)
    assert weighted_auc(targets, two_columns(scores), **ALASKA) == pytest.approx(weighted.mean() / 1.4, abs=1e-4)


def test_nan_is_refused() -> None:
    with pytest.raises(Refusal, match="predictions of row 1 cannot be scored"):
        auc(np.array([0, 1]), two_columns([0.5, np.nan]))
    with pytest.raises(Refusal, match="predictions of row 1 cannot be scored"):
        average_precision(np.array([0, 1]), two_columns([0.5, np.nan]))


@pytest.mark.parametrize("lowest", [0.0, 0.5, 0.8])
def test_the_area_above_a_rate_is_scikit_learns_with_the_classes_exchanged(lowest: float) -> None:
    generator = np.random.default_rng(2)
    targets = generator.integers(0, 2, 200)
    scores = ((generator.integers(0, 30, 200) + 8 * targets) / 40).astype(np.float32)
    most = 1 - lowest
    standardised = roc_auc_score(1 - targets, -scores, max_fpr=most)
    expected = most**2 / 2 + (2 * standardised - 1) * (most - most**2 / 2)
    assert partial_auc(targets, np.column_stack([1 - scores, scores]), lowest) == pytest.approx(expected, rel=1e-6)
    assert math.isnan(partial_auc(0 * targets, np.column_stack([1 - scores, scores]), lowest))


def test_micro_auc_is_that_of_all_pairs() -> None:
    generator = np.random.default_rng(3)
    targets = (generator.uniform(size=(60, 4)) < 0.3).astype(np.uint8)
    predictions = generator.uniform(size=(60, 4)).astype(np.float32)
    assert micro_auc(targets, predictions) == pytest.approx(roc_auc_score(targets.ravel(), predictions.ravel()))
    assert math.isnan(micro_auc(0 * targets, predictions))


def two(shares: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - shares, shares]).astype(np.float32)


@pytest.mark.parametrize("levels", [5, 10**6])
def test_it_is_that_of_scikit_learn_ties_included(levels: int) -> None:
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 2, 300)
    shares = (generator.integers(0, levels, 300) / levels).astype(np.float32)
    assert average_precision(targets, two(shares)) == pytest.approx(average_precision_score(targets, shares), rel=1e-6)


def test_a_column_without_positives_is_left_out() -> None:
    generator = np.random.default_rng(1)
    targets = (generator.uniform(size=(80, 3)) < 0.4).astype(np.uint8)
    shares = generator.uniform(size=(80, 3)).astype(np.float32)
    targets[:, 1] = 0
    expected = np.mean([average_precision_score(targets[:, column], shares[:, column]) for column in (0, 2)])
    assert mean_column_average_precision(targets, shares) == pytest.approx(expected, rel=1e-6)
    assert math.isnan(mean_column_average_precision(0 * targets, shares))
    assert math.isnan(average_precision(np.zeros(80, np.int64), two(shares[:, 0])))
