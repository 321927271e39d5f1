import warnings

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import accuracy_score
from sklearn.metrics import log_loss as reference_log_loss

from foldline.cards.metric import Accuracy, LogLoss
from foldline.competition.decisions import most_probable
from foldline.competition.metrics import METRICS, accuracy, log_loss, metric_of
from foldline.refusal import Refusal
from foldline.tables import arrays


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
        expected = reference_log_loss(targets, probabilities.astype(np.float64), labels=range(classes))
    assert log_loss(targets, probabilities) == pytest.approx(expected, rel=1e-12)


def test_log_loss_by_hand() -> None:
    probabilities = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    assert log_loss(np.array([0, 1]), probabilities) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)


def test_one_certain_mistake_costs_what_the_graders_clip_to() -> None:
    assert log_loss(np.array([1]), np.array([[1, 0]], np.float32)) == pytest.approx(36.0437, abs=1e-4)


def test_accuracy_is_that_of_scikit_learn() -> None:
    targets, probabilities = drawn(400, 5)
    assert accuracy(targets, probabilities) == accuracy_score(targets, probabilities.argmax(axis=1))


def test_the_first_of_equal_classes_is_chosen() -> None:
    np.testing.assert_array_equal(most_probable(np.array([[0.4, 0.4, 0.2], [0, 0.5, 0.5]], np.float32)), [0, 1])


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, probabilities = drawn(100, 4)
    whole = log_loss(targets, probabilities), accuracy(targets, probabilities)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 16)
    assert log_loss(targets, probabilities) == pytest.approx(whole[0], rel=1e-12)
    assert accuracy(targets, probabilities) == whole[1]


@pytest.mark.parametrize("name", sorted(METRICS))
@pytest.mark.parametrize("bad", [np.nan, -0.5, 1.5])
def test_nan_and_what_is_no_probability_are_refused_with_the_row(name: str, bad: float) -> None:
    targets, probabilities = drawn(50, 4)
    probabilities[17, 2] = bad
    with pytest.raises(Refusal, match="predictions of row 17 cannot be scored"):
        METRICS[name].score(targets, probabilities)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_no_rows_have_no_score(name: str) -> None:
    with pytest.raises(Refusal, match="no rows to score"):
        METRICS[name].score(np.empty(0, np.int64), np.empty((0, 3), np.float32))


def test_a_gain_is_positive_where_it_helps() -> None:
    assert metric_of(LogLoss(kind="log_loss")).gain(0.5, 0.4) == pytest.approx(0.1)
    assert metric_of(Accuracy(kind="accuracy")).gain(0.5, 0.4) == pytest.approx(-0.1)
