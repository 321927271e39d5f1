import numpy as np

from foldline.metrics.decisions.likeliest import TopClasses

ROWS = np.array([[0.1, 0.6, 0.3], [0.4, 0.2, 0.4]], np.float32)


def test_the_likeliest_classes_in_order_the_first_of_equal_ones_first() -> None:
    assert TopClasses(kind="top_classes", length=2)(ROWS).tolist() == [[1, 2], [0, 2]]


def test_fewer_classes_than_places_leave_nothing() -> None:
    assert TopClasses(kind="top_classes", length=5)(ROWS[:1]).tolist() == [[1, 2, 0, -1, -1]]
