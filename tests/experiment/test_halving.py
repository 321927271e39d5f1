"""What successive halving rules out, worked out by hand."""

import math

import pytest

from foldline.experiment.halving import Halving, rungs, worse_half


@pytest.mark.parametrize(
    ("epochs", "judged"), [(1, []), (2, [1]), (3, [1, 2]), (4, [1, 2]), (10, [3, 5]), (30, [8, 15])]
)
def test_trainings_are_judged_at_a_quarter_and_at_half_of_their_epochs(epochs: int, judged: list[int]) -> None:
    assert rungs(epochs) == judged


def test_what_is_above_the_median_of_those_before_it_ends() -> None:
    rule = Halving()
    assert [rule.verdict(name, [loss], 4) for name, loss in (("a", 5.0), ("b", 3.0), ("c", 1.0))] == [None] * 3
    assert rule.verdict("equal", [3.0], 4) is None
    why = "its validation loss after epoch 1 of 4, 3.1, is above the median of the 4 that came as far before it, 3"
    assert rule.verdict("d", [3.1], 4) == (why, 1)
    assert rule.verdict("diverged", [math.nan], 4) is not None
    assert rule.verdict("d", [3.1], 4) is None, "it was judged at this epoch"
    assert rule.verdict("other length", [9.0], 8) is None, "compared with trainings of as many epochs"


def test_a_later_epoch_is_judged_by_itself() -> None:
    rule = Halving()
    for name in "abc":
        rule.verdict(name, [1.0, 1.0], 4)
    assert rule.verdict("d", [0.9], 4) is None
    why, decisive = rule.verdict("d", [0.9, 1.1], 4) or ("", 0)
    assert "after epoch 2 of 4" in why
    assert decisive == 2


def test_a_training_that_one_saw_late_is_judged_at_its_first_bad_epoch() -> None:
    rule = Halving()
    for name in "abc":
        rule.verdict(name, [1.0, 1.0], 4)
    why, decisive = rule.verdict("d", [2.0, 0.5, 0.1], 4) or ("", 0)
    assert "after epoch 1 of 4, 2," in why
    assert decisive == 1


def test_the_worse_half() -> None:
    assert worse_half({"a": 1.0}) == {}
    found = worse_half({"a": 2.0, "b": math.nan, "c": 1.0, "d": 3.0, "e": 4.0})
    assert list(found) == ["e", "b"]
    assert found["e"] == "its validation loss on the first fold, 4, is not among the 3 least of 5"
