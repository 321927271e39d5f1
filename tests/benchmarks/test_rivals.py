"""How benchmarks/rivals scores, on rows worked out by hand."""

import numpy as np
import pytest

from benchmarks.rivals.scoring import accuracy, log_loss, post_processed, scored, table

TARGETS = np.array([0, 1])
PLAIN = np.array([[0.9, 0.1], [0.6, 0.4]])
FLIPPED = np.array([[0.7, 0.3], [0.2, 0.8]])


def test_the_flip_is_the_mean_of_probabilities() -> None:
    """[.8, .2] and [.4, .6]."""
    scores = scored(TARGETS, {"plain": PLAIN, "flipped": FLIPPED, "tta": FLIPPED})
    assert scores["one view"] == pytest.approx((-(np.log(0.9) + np.log(0.4)) / 2, 0.5))
    assert scores["with the flip"] == pytest.approx((-(np.log(0.8) + np.log(0.6)) / 2, 1.0))
    assert scores["tta"] == pytest.approx((-(np.log(0.7) + np.log(0.8)) / 2, 1.0))


def test_a_certain_mistake_costs_no_infinity() -> None:
    assert log_loss(TARGETS, np.array([[1.0, 0.0], [1.0, 0.0]])) == pytest.approx(-np.log(1e-15) / 2)


def test_what_is_unsure_is_sharpened_where_that_gains() -> None:
    """In each fold three rows in four are right, which says .75 of the likeliest class; the grid's steps are of 7 %."""
    right = np.arange(400) // 5 % 4 != 0
    unsure = np.where(right[:, None], [[0.6, 0.4]], [[0.4, 0.6]])
    made = post_processed(np.zeros(400, np.int64), unsure)
    assert made.max(axis=1) == pytest.approx(0.75, abs=0.01)
    assert accuracy(np.zeros(400, np.int64), made) == 0.75


def test_no_row_sees_its_own_target() -> None:
    """What the rows of a fold become depends on the other folds alone."""
    generator, own = np.random.default_rng(0), np.arange(400) % 5 == 0
    made, targets = generator.dirichlet(np.ones(3), 400), generator.integers(0, 3, 400)
    others = np.where(own, (targets + 1) % 3, targets)
    assert np.array_equal(post_processed(targets, made)[own], post_processed(others, made)[own])


def test_a_line_says_what_the_training_cost() -> None:
    turns = [{"images": 100, "seconds": 3.0}, {"images": 100, "seconds": 5.0}]
    one = {"contender": "ours", "epochs": 2, "seed": 1, "scores": {"one view": [0.25, 0.5]}, "turns": turns}
    assert table([one])[-1] == "| ours | 2 | 1 | 0.2500, 50.0% |  |  |  | 8 | 25.0 |"
