import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

from foldline.competition.scores.labels import accuracy, macro_f1, quadratic_kappa
from foldline.refusal import Refusal


def drawn(classes: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(classes)
    targets = generator.integers(0, classes, rows)
    return targets, np.where(generator.uniform(size=rows) < 0.5, targets, generator.integers(0, classes, rows))


@pytest.mark.parametrize("classes", [2, 5, 200])
def test_they_are_those_of_scikit_learn(classes: int) -> None:
    """With 200 classes and 300 rows, some are among the answers or the predictions alone."""
    targets, labels = drawn(classes)
    assert accuracy(targets, labels) == accuracy_score(targets, labels)
    assert macro_f1(targets, labels) == pytest.approx(f1_score(targets, labels, average="macro"), rel=1e-12)
    expected = cohen_kappa_score(targets, labels, weights="quadratic")
    assert quadratic_kappa(targets, labels) == pytest.approx(expected, rel=1e-9)


def test_a_class_that_is_predicted_in_vain_adds_a_zero_to_macro_f1() -> None:
    assert macro_f1(np.array([0, 0, 1]), np.array([0, 0, 1])) == 1
    # F1 of 0: 2 of 3 found, none wrong, 0.8; of 7: 0.
    assert macro_f1(np.array([0, 0, 0]), np.array([0, 0, 7])) == pytest.approx(0.4)


def test_a_level_that_nobody_has_does_not_count_for_kappa() -> None:
    targets, labels = drawn(3)
    assert quadratic_kappa(2 * targets, 2 * labels) == quadratic_kappa(targets, labels)


def test_kappa_of_one_level_alone_is_not_defined() -> None:
    assert math.isnan(quadratic_kappa(np.array([3, 3]), np.array([3, 3])))
    assert quadratic_kappa(np.array([3, 3]), np.array([3, 1])) == 0


@pytest.mark.parametrize("score", [accuracy, macro_f1, quadratic_kappa])
def test_no_rows_are_refused(score) -> None:
    with pytest.raises(Refusal, match="no rows to score"):
        score(np.empty(0, np.int64), np.empty(0, np.int64))
