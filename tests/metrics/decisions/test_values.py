import numpy as np
import pytest

from foldline.files.refusal import Refusal
from foldline.metrics.decisions.values import (
    HardPositive,
    PositiveProbability,
    WithinRange,
)
from tests.metrics.of_kind import metric_of_kind

POSITIVE = PositiveProbability(kind="positive_probability")


def two_columns(positive: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - positive, positive]).astype(np.float32)


def test_the_positive_class_is_the_second() -> None:
    assert POSITIVE(np.array([[0.25, 0.75]], np.float32)).tolist() == [0.75]


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_no_other_threshold_scores_higher(beta: float) -> None:
    generator = np.random.default_rng(0)
    targets = (generator.uniform(size=80) < 0.2).astype(np.int64)
    scores = (0.5 * generator.uniform(size=80) + 0.3 * targets).round(2)
    metric = metric_of_kind("probabilistic_f1", beta=beta)
    rule = POSITIVE.fitted(metric, two_columns(scores), targets)
    assert isinstance(rule, HardPositive)
    best = max(metric.score(targets, (scores >= limit).astype(np.float32)) for limit in np.unique(scores))
    assert metric.score(targets, rule(two_columns(scores))) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("above", [0.99999994, 0.5, 1e-38])
def test_a_threshold_tells_neighbours_apart(above: float) -> None:
    """Half-way between two float32 there is none."""
    highest = np.float32(above)
    lower = np.nextafter(highest, np.float32(0))
    scores = np.array([lower, highest, np.nextafter(lower, np.float32(0)), lower], np.float32)
    for targets in (np.array([0, 1, 0, 0]), np.array([1, 1, 0, 1])):
        rule = POSITIVE.fitted(metric_of_kind("probabilistic_f1", beta=1), two_columns(scores), targets)
        assert rule(two_columns(scores)).tolist() == targets.tolist()


def test_without_a_positive_row_nothing_is_fitted() -> None:
    metric = metric_of_kind("probabilistic_f1", beta=1)
    assert POSITIVE.fitted(metric, two_columns(np.array([0.5, 0.1])), np.array([0, 0])) == POSITIVE


def test_values_stay_within_their_range() -> None:
    values = np.array([[-5], [0.5], [120]], np.float32)
    assert WithinRange(kind="within_range", lowest=(1,), highest=(100,))(values).ravel().tolist() == [1, 1, 100]
    assert WithinRange(kind="within_range", lowest=(None,), highest=(100,))(values).ravel().tolist() == [-5, 0.5, 100]
    assert WithinRange(kind="within_range", lowest=(None,), highest=(None,))(values).ravel().tolist() == [-5, 0.5, 120]


def test_a_fitted_range_is_that_of_the_rows_within_the_one_there_was() -> None:
    targets = np.array([[3, np.nan, np.nan], [90, 7, np.nan], [140, 8, np.nan]], np.float32)
    free = WithinRange(kind="within_range", lowest=(None,) * 3, highest=(None,) * 3)
    fitted = WithinRange(kind="within_range", lowest=(3, 7, None), highest=(140, 8, None))
    assert free.fitted(metric_of_kind("rmse"), targets, targets) == fitted
    bound = WithinRange(kind="within_range", lowest=(1,) * 3, highest=(100,) * 3)
    fitted = WithinRange(kind="within_range", lowest=(3, 7, 1), highest=(100, 8, 100))
    assert bound.fitted(metric_of_kind("rmse"), targets, targets) == fitted


def test_nan_is_refused() -> None:
    with pytest.raises(Refusal, match="value of row 0 cannot be scored"):
        WithinRange(kind="within_range", lowest=(1,), highest=(100,))(np.array([[np.nan]], np.float32))
