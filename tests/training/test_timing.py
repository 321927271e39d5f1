"""The very training by a clock that a test winds: never how fast a machine is."""

import os
import signal
from collections.abc import Callable
from itertools import count

import pytest

from foldline.files.refusal import Refusal
from foldline.training.timing import LastEpoch, TrainingTime, apart, time_training
from tests.training.small import small_fold, train_section


def winding(seconds: float) -> Callable[[], float]:
    """A clock by which so many seconds lie between two looks."""
    looks = count()
    return lambda: next(looks) * seconds


def test_it_times_each_part_of_an_epoch() -> None:
    """A step looks at the clock when it asks for images, has them, and is done; the epoch's end when it begins to
    judge, and after each of two times. 15 images are validated, and 3 batches renew statistics."""
    time = time_training(small_fold(), train_section(), clock=winding(1.0))
    assert time == TrainingTime(3.0, 1.0, 1.0, 1 / 3, 1 / 15, 1.0, time.peak_bytes)
    assert time.step_seconds == 2
    assert time.peak_bytes > 10**7


def test_of_a_change_the_steps_alone_are_timed() -> None:
    time = time_training(small_fold(), train_section(), whole=False, clock=winding(1.0))
    assert (time.working_seconds, time.refreshing_seconds, time.validation_seconds) == (1, 0, 0)


def test_few_images_and_slow_steps_do() -> None:
    """A fold has one step in an epoch, and others follow; a step of 14 seconds leaves time for a second one."""
    time = time_training(small_fold(7), train_section(), clock=winding(7.0))
    assert (time.first_seconds, time.step_seconds) == (21, 14)


def test_what_changes_with_the_epochs_is_as_in_the_last_one() -> None:
    config = train_section(resolution={"start_fraction": 0.5, "end_fraction": 1.0, "growing_epochs": 2})
    assert [LastEpoch(config.resolution, 2).fraction(epoch) for epoch in range(3)] == [1, 1, 1]
    assert [config.resolution.fraction(epoch) for epoch in range(3)] == [0.5, 0.75, 1]


def test_a_fork_answers_refuses_and_may_be_killed() -> None:
    def refuse() -> None:
        raise Refusal("out of memory with 8 images per pass")

    assert apart(os.getpid) != os.getpid()
    with pytest.raises(Refusal, match=r"^out of memory with 8 images per pass$"):
        apart(refuse)
    with pytest.raises(ZeroDivisionError):
        apart(lambda: 1 / 0)
    with pytest.raises(Refusal, match="ended from outside, most likely since memory ran out"):
        apart(lambda: os.kill(os.getpid(), signal.SIGKILL))
