"""Probes against their definitions written out."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp

from foldline.files.refusal import Refusal
from foldline.training.probes import Labelled, Probe, linear_probe, neighbours_probe


def drawn(count: int, seed: int) -> Labelled:
    """Three classes in clouds that overlap, in the first two of five channels; one channel is constant."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    features = random.normal(size=(count, 5))
    features[:, :2] += np.array([[0, 0], [2, 0], [0, 2]])[labels]
    features[:, 4] = 7
    return Labelled(features.astype(np.float16), labels)


FITTED, JUDGED = drawn(150, 0), drawn(90, 1)


def standardised(labelled: Labelled) -> np.ndarray:
    known = FITTED.features.astype(np.float64)
    return (labelled.features - known.mean(axis=0)) / np.where(known.std(axis=0) == 0, 1, known.std(axis=0))


def test_the_linear_probe_is_logistic_regression_on_standardised_features() -> None:
    inputs, ones = standardised(FITTED), np.eye(3)[FITTED.labels]

    def penalised_loss(flat: np.ndarray) -> float:
        slopes, intercepts = flat[:15].reshape(5, 3), flat[15:]
        scores = inputs @ slopes + intercepts
        return 0.5 * (slopes**2).sum() + 0.1 * (logsumexp(scores, axis=1) - (scores * ones).sum(axis=1)).sum()

    best = minimize(penalised_loss, np.zeros(18), method="L-BFGS-B", options={"maxiter": 1000}).x
    expected = (standardised(JUDGED) @ best[:15].reshape(5, 3) + best[15:]).argmax(axis=1)
    probe = linear_probe(FITTED, JUDGED, inverse_penalty=0.1)
    np.testing.assert_array_equal(probe.predictions, expected)
    assert 0.6 < probe.accuracy == np.mean(expected == JUDGED.labels) < 1


def test_the_neighbours_vote_by_cosine_the_closer_the_heavier() -> None:
    both = (standardised(JUDGED), standardised(FITTED))
    one, other = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in both)
    distances = 1 - one @ other.T
    expected = []
    for row in distances:
        nearest = np.argsort(row)[:20]
        votes = np.bincount(FITTED.labels[nearest], 1 / row[nearest], minlength=3)
        expected.append(votes.argmax())
    np.testing.assert_array_equal(neighbours_probe(FITTED, JUDGED).predictions, expected)
    few = Labelled(FITTED.features[:3], np.array([0, 1, 1]))
    assert len(neighbours_probe(few, JUDGED).predictions) == 90


@pytest.mark.parametrize("probe", [linear_probe, neighbours_probe])
def test_a_channels_scale_says_nothing_even_where_its_squares_are_beyond_float16(probe) -> None:  # type: ignore[no-untyped-def]
    scales = np.array([1, 1000, 1 / 16, 1, 1000], np.float16)
    scaled = (Labelled((one.features * scales).astype(np.float16), one.labels) for one in (FITTED, JUDGED))
    same = probe(*scaled).predictions == probe(FITTED, JUDGED).predictions
    assert same.mean() > 0.95, "but for rounding"


def test_accuracy_its_error_and_what_is_taken_for_what() -> None:
    probe = Probe(np.array([0, 0, 2, 2]), np.array([0, 2, 2, 2]))
    assert probe.accuracy == 0.75
    assert probe.standard_error == pytest.approx((0.75 * 0.25 / 4) ** 0.5)
    np.testing.assert_array_equal(probe.confusion(3), [[1, 0, 1], [0, 0, 0], [0, 0, 2]])


def test_one_class_and_nothing_to_judge_are_refused() -> None:
    one_class = Labelled(FITTED.features, np.zeros(150, np.int64))
    with pytest.raises(Refusal, match="the 150 rows to fit have 1 class, and 90 are to be judged"):
        linear_probe(one_class, JUDGED)
    with pytest.raises(Refusal, match="and 0 are to be judged"):
        neighbours_probe(FITTED, Labelled(JUDGED.features[:0], JUDGED.labels[:0]))
