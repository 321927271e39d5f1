"""What one would read off a sweep, on curves drawn by hand."""

import numpy as np
import pytest

from foldline.training.rate_finder import has_diverged, smoothed, suggest

RATES = 10.0 ** np.arange(-7, 1)


def test_smoothing_has_no_pull_towards_zero() -> None:
    assert smoothed(np.full(5, 3.0), 0.9) == pytest.approx(np.full(5, 3.0))
    # A quarter of 1 and a half of 3, over three quarters.
    assert smoothed(np.array([1.0, 3.0]), 0.5) == pytest.approx([1.0, 7 / 3])
    assert smoothed(np.array([1.0, 3.0]), 0.0) == pytest.approx([1.0, 3.0])


def test_diverged_is_four_times_the_lowest_or_no_number() -> None:
    assert not has_diverged(np.array([4.0, 1.0, 4.0]))
    assert has_diverged(np.array([4.2, 1.0, 4.1]))
    assert has_diverged(np.array([2.0, np.nan]))
    assert has_diverged(np.array([2.0, np.inf]))


def test_diverged_is_also_what_learned_and_rose_above_its_start() -> None:
    """As an untrained ResNet-56 did, before its loss fell to that of a guess, 2.3."""
    assert has_diverged(np.array([3.5, 2.8, 3.6]))
    assert not has_diverged(np.array([3.5, 2.8, 3.4])), "not yet above it"
    assert not has_diverged(np.array([2.30, 2.20, 2.35])), "it has not learned, batches differ"


def test_suggestions_of_a_valley() -> None:
    """Flat for two steps, steepest between 1e-5 and 1e-3, almost flat before the minimum at 1e-2, then up."""
    found = suggest(RATES, np.array([2.0, 2.0, 1.9, 1.4, 0.91, 0.9, 3.0, 9.0]))
    assert found["minimum"] == pytest.approx(1e-2)
    assert found["steepest"] == pytest.approx(1e-4)
    assert found["highest_stable"] == pytest.approx(1e-3)
    # The longest fall has five members and ends at place 5: the middle of places 0 to 5 is 2.
    assert found["valley"] == pytest.approx(1e-5)


def test_a_loss_that_never_falls_suggests_the_lowest_rate() -> None:
    assert set(suggest(RATES, np.linspace(1, 2, 8)).values()) == {RATES[0]}
