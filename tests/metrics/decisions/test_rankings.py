import numpy as np
import pytest
from scipy.special import softmax

from foldline.files import arrays
from foldline.metrics.decisions.rankings import TopClasses, TopClassesOrNew
from tests.metrics.of_kind import metric_of_kind

MAP = metric_of_kind("map_at_k", k=3)
ROWS = np.array([[0.1, 0.6, 0.3], [0.4, 0.2, 0.4]], np.float32)


def with_new(level: float, new_class: int = 3, length: int = 3) -> TopClassesOrNew:
    return TopClassesOrNew(kind="top_classes_or_new", length=length, new_class=new_class, level=level)


def test_the_likeliest_classes_in_order_the_first_of_equal_ones_first() -> None:
    assert TopClasses(kind="top_classes", length=2)(ROWS).tolist() == [[1, 2], [0, 2]]


def test_fewer_classes_than_places_leave_nothing() -> None:
    assert TopClasses(kind="top_classes", length=5)(ROWS[:1]).tolist() == [[1, 2, 0, -1, -1]]


@pytest.mark.parametrize(
    ("level", "rankings"),
    [
        (1.0, [[3, 1, 2], [3, 0, 2]]),
        (0.35, [[1, 3, 2], [0, 2, 3]]),
        (0.0, [[1, 2, 0], [0, 2, 1]]),
    ],
)
def test_the_new_class_stands_at_its_level(level: float, rankings: list[list[int]]) -> None:
    assert with_new(level)(ROWS).tolist() == rankings


def test_the_new_class_own_output_does_not_count() -> None:
    assert with_new(0.5, new_class=1, length=2)(ROWS).tolist() == [[1, 2], [1, 0]]
    assert with_new(0.0, new_class=1, length=2)(ROWS).tolist() == [[2, 0], [0, 2]]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions = softmax(np.random.default_rng(0).normal(size=(40, 6)), axis=1).astype(np.float32)
    whole = with_new(0.3, new_class=6)(predictions)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 24)
    np.testing.assert_array_equal(with_new(0.3, new_class=6)(predictions), whole)


def test_the_fitted_level_is_as_good_as_any() -> None:
    generator = np.random.default_rng(1)
    predictions = softmax(2 * generator.normal(size=(150, 8)), axis=1).astype(np.float32)
    targets = np.where(predictions.max(axis=1) < generator.uniform(0.2, 0.6, 150), 8, predictions.argmax(axis=1))
    start = with_new(0.5, new_class=8)

    rule = start.fitted(MAP, predictions, targets, 8)

    scores = [
        MAP.score(targets, start.model_copy(update={"level": level})(predictions))
        for level in np.linspace(0, 1, 1001).tolist()
    ]
    assert MAP.score(targets, rule(predictions)) >= max(scores) - 1e-12


def test_where_no_row_is_new_the_level_stays() -> None:
    """The likeliest class is right: a level of 0 would score more than one of one half, and say nothing of new ones."""
    assert with_new(0.5).fitted(MAP, ROWS, np.array([1, 0]), 3) == with_new(0.5)
