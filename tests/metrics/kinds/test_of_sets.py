import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, fbeta_score, jaccard_score
from sklearn.metrics import hamming_loss as sklearn_hamming_loss

from foldline.files.refusal import Refusal
from tests.metrics.of_kind import scored

micro_f1, macro_f1 = scored("multilabel_micro_f1"), scored("multilabel_macro_f1")
samples_jaccard, exact_match, hamming_loss = scored("samples_jaccard"), scored("exact_match"), scored("hamming_loss")


def samples_f_beta(targets: np.ndarray, sets: np.ndarray, beta: float) -> float:
    return scored("samples_f_beta", beta=beta)(targets, sets)


def test_they_are_those_of_scikit_learn() -> None:
    """A label that no row has, one that is never predicted, and one that is neither."""
    generator = np.random.default_rng(0)
    targets, sets = (generator.uniform(size=(200, 6)) < 0.3 for _ in range(2))
    targets[:, 0] = False
    sets[:, 1] = False
    targets[:, 2] = sets[:, 2] = False
    wanted = targets.astype(np.uint8)
    assert micro_f1(wanted, sets) == pytest.approx(f1_score(targets, sets, average="micro"), rel=1e-12)
    expected = f1_score(targets, sets, average="macro", zero_division=0)
    assert macro_f1(wanted, sets) == pytest.approx(expected, rel=1e-12)


def test_by_hand() -> None:
    targets = np.array([[1, 0], [1, 1]], np.uint8)
    sets = np.array([[True, True], [False, True]])
    assert micro_f1(targets, sets) == pytest.approx(2 * 2 / (3 + 3))
    assert macro_f1(targets, sets) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert samples_jaccard(targets, sets) == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert exact_match(targets, np.array([[True, False], [False, True]])) == 1 / 2
    assert hamming_loss(targets, sets) == 2 / 4


def test_nothing_wanted_and_nothing_said_scores_0() -> None:
    assert micro_f1(np.zeros((2, 3), np.uint8), np.zeros((2, 3), bool)) == 0
    assert macro_f1(np.zeros((2, 3), np.uint8), np.zeros((2, 3), bool)) == 0
    assert samples_jaccard(np.zeros((2, 3), np.uint8), np.zeros((2, 3), bool)) == 0


def test_an_empty_set_that_is_right_is_an_exact_match() -> None:
    assert exact_match(np.zeros((2, 3), np.uint8), np.zeros((2, 3), bool)) == 1
    assert hamming_loss(np.zeros((2, 3), np.uint8), np.zeros((2, 3), bool)) == 0


@pytest.mark.parametrize("score", [samples_jaccard, exact_match, hamming_loss])
def test_no_rows_are_refused(score) -> None:
    with pytest.raises(Refusal, match="no rows to score"):
        score(np.empty((0, 3), np.uint8), np.empty((0, 3), bool))


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_the_mean_over_rows_is_that_of_scikit_learn(beta: float) -> None:
    """Empty sets among both: 0 where both are empty."""
    generator = np.random.default_rng(1)
    targets, sets = (generator.uniform(size=(200, 4)) < 0.3 for _ in range(2))
    assert (~targets.any(axis=1) & ~sets.any(axis=1)).any()
    expected = fbeta_score(targets, sets, beta=beta, average="samples", zero_division=0)
    wanted = targets.astype(np.uint8)
    assert samples_f_beta(wanted, sets, beta) == pytest.approx(expected, rel=1e-12)
    expected = jaccard_score(targets, sets, average="samples", zero_division=0)
    assert samples_jaccard(wanted, sets) == pytest.approx(expected, rel=1e-12)
    assert exact_match(wanted, sets) == pytest.approx(accuracy_score(targets, sets))
    assert hamming_loss(wanted, sets) == pytest.approx(sklearn_hamming_loss(targets, sets))
