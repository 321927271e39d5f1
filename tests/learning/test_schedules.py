"""Schedules against values worked out by hand."""

import math

import pytest

from foldline.config.train import Constant, WarmupCosine
from foldline.learning.schedules import constant, cosine, join, linear, rate_schedule


def test_pieces() -> None:
    assert constant(0.3)(7) == 0.3
    assert [linear(1.0, 3.0, 4)(step) for step in range(6)] == [1, 1.5, 2, 2.5, 3, 3]
    assert [cosine(1.0, 0.0, 2)(step) for step in range(4)] == pytest.approx([1, 0.5, 0, 0])
    assert cosine(1.0, 0.2, 4)(1) == pytest.approx(0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2)


def test_joined_pieces_begin_where_the_last_one_ends() -> None:
    schedule = join((2, linear(0.0, 1.0, 2)), (0, constant(9.0)), (3, constant(5.0)), (1, linear(2.0, 4.0, 2)))
    assert [schedule(step) for step in range(9)] == [0, 0.5, 5, 5, 5, 2, 3, 4, 4]


def test_warmup_then_cosine() -> None:
    """4 steps per epoch: up from 0.2 over 2 steps, then 6 steps of half a cosine to 0.1."""
    section = WarmupCosine(kind="warmup_cosine", warmup_epochs=0.5, start_share=0.2, end_share=0.1)
    schedule = rate_schedule(section, steps_per_epoch=4, epochs=2)
    assert [schedule(step) for step in (0, 1, 2, 5, 8)] == pytest.approx([0.2, 0.6, 1.0, 0.55, 0.1])


def test_no_warmup_and_nothing_but_warmup() -> None:
    section = WarmupCosine(kind="warmup_cosine", warmup_epochs=0, start_share=0.2, end_share=0.0)
    assert rate_schedule(section, 4, 1)(0) == 1.0
    longer = WarmupCosine(kind="warmup_cosine", warmup_epochs=9, start_share=0.0, end_share=0.0)
    assert [rate_schedule(longer, 4, 1)(step) for step in range(4)] == [0, 0.25, 0.5, 0.75]


def test_constant() -> None:
    assert rate_schedule(Constant(kind="constant"), 4, 2)(5) == 1.0
