import numpy as np
import pytest
from scipy.special import softmax

from foldline.files import arrays
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.decisions.new_class import LabelOrNew, TopClassesOrNew
from tests.metrics.of_kind import metric_of_kind

ROWS = np.array([[0.1, 0.6, 0.3], [0.4, 0.35, 0.25]], np.float32)
ACCURACY, BALANCED = metric_of_kind("accuracy"), metric_of_kind("balanced_accuracy")
accuracy, balanced_accuracy = ACCURACY.score, BALANCED.score


def below(threshold: float, new_class: int = 3) -> LabelOrNew:
    return LabelOrNew(
        kind="label_or_new",
        known=MostProbable(kind="most_probable"),
        new_class=new_class,
        rejection_threshold=threshold,
    )


@pytest.mark.parametrize(("threshold", "labels"), [(0.0, [1, 0]), (0.5, [1, 3]), (0.7, [3, 3])])
def test_a_row_without_a_likely_class_is_new(threshold: float, labels: list[int]) -> None:
    assert below(threshold)(ROWS).tolist() == labels


def test_the_fitted_threshold_is_as_good_as_any() -> None:
    generator = np.random.default_rng(1)
    predictions = generator.dirichlet(np.ones(4), 200).astype(np.float32)
    highest = predictions.max(axis=1)
    targets = np.where(highest < generator.uniform(0.3, 0.8, 200), 4, predictions.argmax(axis=1))

    rule = below(0.5, new_class=4).fitted(ACCURACY, predictions, targets)

    thresholds = np.linspace(0, 1, 1001).tolist()
    best = max(accuracy(targets, below(threshold, new_class=4)(predictions)) for threshold in thresholds)
    assert accuracy(targets, rule(predictions)) >= best - 1e-12


def test_where_no_row_is_new_the_threshold_stays_and_the_known_classes_are_fitted() -> None:
    generator = np.random.default_rng(2)
    predictions = generator.dirichlet(np.ones(3), 300).astype(np.float32)
    targets = np.where(generator.random(300) < 0.9, 0, generator.integers(1, 3, 300))

    rule = below(0.5).fitted(BALANCED, predictions, targets)

    assert isinstance(rule, LabelOrNew)
    assert (rule.rejection_threshold, rule.known.kind) == (0.5, "weighted_classes")
    likely = predictions.max(axis=1) >= 0.5
    assert balanced_accuracy(targets[likely], rule(predictions)[likely]) >= balanced_accuracy(
        targets[likely], below(0.5)(predictions)[likely]
    )


MAP = metric_of_kind("map_at_k", k=3)
RANKED = np.array([[0.1, 0.6, 0.3], [0.4, 0.2, 0.4]], np.float32)


def with_new(threshold: float, new_class: int = 3, length: int = 3) -> TopClassesOrNew:
    return TopClassesOrNew(kind="top_classes_or_new", length=length, new_class=new_class, rejection_threshold=threshold)


@pytest.mark.parametrize(
    ("threshold", "rankings"),
    [
        (1.0, [[3, 1, 2], [3, 0, 2]]),
        (0.35, [[1, 3, 2], [0, 2, 3]]),
        (0.0, [[1, 2, 0], [0, 2, 1]]),
    ],
)
def test_the_new_class_stands_at_its_threshold(threshold: float, rankings: list[list[int]]) -> None:
    assert with_new(threshold)(RANKED).tolist() == rankings


def test_the_new_class_own_output_does_not_count() -> None:
    assert with_new(0.5, new_class=1, length=2)(RANKED).tolist() == [[1, 2], [1, 0]]
    assert with_new(0.0, new_class=1, length=2)(RANKED).tolist() == [[2, 0], [0, 2]]


def test_blocks_change_no_ranking(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions = softmax(np.random.default_rng(0).normal(size=(40, 6)), axis=1).astype(np.float32)
    whole = with_new(0.3, new_class=6)(predictions)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 24)
    np.testing.assert_array_equal(with_new(0.3, new_class=6)(predictions), whole)


def test_the_fitted_threshold_of_a_ranking_is_as_good_as_any() -> None:
    generator = np.random.default_rng(1)
    predictions = softmax(2 * generator.normal(size=(150, 8)), axis=1).astype(np.float32)
    targets = np.where(predictions.max(axis=1) < generator.uniform(0.2, 0.6, 150), 8, predictions.argmax(axis=1))
    start = with_new(0.5, new_class=8)

    rule = start.fitted(MAP, predictions, targets)

    scores = [
        MAP.score(targets, start.model_copy(update={"rejection_threshold": threshold})(predictions))
        for threshold in np.linspace(0, 1, 1001).tolist()
    ]
    assert MAP.score(targets, rule(predictions)) >= max(scores) - 1e-12


def test_where_no_row_is_new_the_threshold_of_a_ranking_stays() -> None:
    """The likeliest class is correct: a threshold of 0 would score more than one half, and say nothing of new ones."""
    assert with_new(0.5).fitted(MAP, RANKED, np.array([1, 0])) == with_new(0.5)
