import numpy as np
import pytest

from foldline.metrics.decisions.labels import MostProbable
from foldline.metrics.decisions.new_labels import LabelOrNew
from tests.metrics.of_kind import metric_of_kind

ROWS = np.array([[0.1, 0.6, 0.3], [0.4, 0.35, 0.25]], np.float32)
ACCURACY, BALANCED = metric_of_kind("accuracy"), metric_of_kind("balanced_accuracy")
accuracy, balanced_accuracy = ACCURACY.score, BALANCED.score


def below(level: float, new_class: int = 3) -> LabelOrNew:
    return LabelOrNew(kind="label_or_new", known=MostProbable(kind="most_probable"), new_class=new_class, level=level)


@pytest.mark.parametrize(("level", "labels"), [(0.0, [1, 0]), (0.5, [1, 3]), (0.7, [3, 3])])
def test_a_row_without_a_likely_class_is_new(level: float, labels: list[int]) -> None:
    assert below(level)(ROWS).tolist() == labels


def test_the_fitted_level_is_as_good_as_any() -> None:
    generator = np.random.default_rng(1)
    predictions = generator.dirichlet(np.ones(4), 200).astype(np.float32)
    highest = predictions.max(axis=1)
    targets = np.where(highest < generator.uniform(0.3, 0.8, 200), 4, predictions.argmax(axis=1))

    rule = below(0.5, new_class=4).fitted(ACCURACY, predictions, targets, 4)

    levels = np.linspace(0, 1, 1001).tolist()
    best = max(accuracy(targets, below(level, new_class=4)(predictions)) for level in levels)
    assert accuracy(targets, rule(predictions)) >= best - 1e-12


def test_where_no_row_is_new_the_level_stays_and_the_known_classes_are_fitted() -> None:
    generator = np.random.default_rng(2)
    predictions = generator.dirichlet(np.ones(3), 300).astype(np.float32)
    targets = np.where(generator.random(300) < 0.9, 0, generator.integers(1, 3, 300))

    rule = below(0.5).fitted(BALANCED, predictions, targets, 3)

    assert isinstance(rule, LabelOrNew)
    assert (rule.level, rule.known.kind) == (0.5, "weighted_classes")
    likely = predictions.max(axis=1) >= 0.5
    assert balanced_accuracy(targets[likely], rule(predictions)[likely]) >= balanced_accuracy(
        targets[likely], below(0.5)(predictions)[likely]
    )
