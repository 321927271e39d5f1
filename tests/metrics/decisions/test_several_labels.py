import numpy as np

from foldline.metrics.decisions.weighted_classes import LabelOfEach, likeliest_of_each
from tests.metrics.of_kind import metric_of_kind

CLASSES = ("x=a", "x=b", "y=0", "y=1", "y=2")
BALANCED = metric_of_kind("mean_column_balanced_accuracy", CLASSES, weights={"x": 2})


def test_each_column_has_its_own_likeliest() -> None:
    predictions = np.array([[0.2, 0.9, 0.1, 0.3, 0.05], [0.4, 0.3, 0.6, 0.6, 0.1]], np.float32)
    assert likeliest_of_each((2, 3))(predictions).tolist() == [[1, 3], [0, 2]]


def test_rare_labels_of_each_column_weigh_more_where_each_label_counts_alike() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.random(400) < 0.1, np.minimum(generator.geometric(0.6, 400) - 1, 2)
    targets = np.column_stack([x, 2 + y])
    truth = np.hstack([np.eye(2)[x.astype(int)], np.eye(3)[y]])
    predictions = (0.3 * truth + 0.6 * truth.mean(axis=0) + 0.1 * generator.random(truth.shape)).astype(np.float32)
    score = BALANCED.score

    plain = likeliest_of_each((2, 3))
    fitted = plain.fitted(BALANCED, predictions, targets)

    assert isinstance(fitted, LabelOfEach)
    assert [rule.kind for rule in fitted.rules] == ["weighted_classes"] * 2
    assert score(targets, fitted(predictions)) > score(targets, plain(predictions)) + 0.1


def test_missing_labels_are_not_fitted_on_and_a_column_without_any_has_its_likeliest() -> None:
    targets = np.array([[0, -1], [1, -1], [1, -1], [-1, -1]])
    predictions = np.tile(np.float32([0.6, 0.4, 0.2, 0.3, 0.5]), (4, 1))
    fitted = likeliest_of_each((2, 3)).fitted(BALANCED, predictions, targets)

    assert isinstance(fitted, LabelOfEach)
    assert [rule.kind for rule in fitted.rules] == ["weighted_classes", "most_probable"]
    assert fitted.rules[0].model_dump()["weights"] == (2, 1)
