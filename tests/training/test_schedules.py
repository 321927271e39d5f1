"""Schedules against values worked out by hand, and against torch's own."""

import math

import pytest
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, OneCycleLR

from foldline.training.schedules import (
    Constant,
    OneCycleCosine,
    OneCycleLinear,
    Restarts,
    Steps,
    WarmupCosine,
    constant,
    cosine,
    cycles,
    join,
    linear,
)

DOCUMENT_002 = OneCycleLinear(
    kind="one_cycle_linear",
    start_divisor=10,
    tail_fraction=0.1368,
    end_divisor=1000,
    momentum_high=0.95,
    momentum_low=0.8,
)


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
    section = WarmupCosine(kind="warmup_cosine", warmup_epochs=0.5, start_factor=0.2, end_factor=0.1)
    schedule = section.rates(4, 2)
    assert [schedule(step) for step in (0, 1, 2, 5, 8)] == pytest.approx([0.2, 0.6, 1.0, 0.55, 0.1])


def test_no_warmup_and_nothing_but_warmup() -> None:
    section = WarmupCosine(kind="warmup_cosine", warmup_epochs=0, start_factor=0.2, end_factor=0.0)
    assert section.rates(4, 1)(0) == 1.0
    longer = WarmupCosine(kind="warmup_cosine", warmup_epochs=9, start_factor=0.0, end_factor=0.0)
    assert [longer.rates(4, 1)(step) for step in range(4)] == [0, 0.25, 0.5, 0.75]


def test_constant() -> None:
    assert Constant(kind="constant").rates(4, 2)(5) == 1.0
    assert Constant(kind="constant").momenta(4, 2) is None


def test_steps() -> None:
    """Down after epochs 1 and 1.5 of four steps each."""
    schedule = Steps(kind="steps", at_epochs=(1, 1.5), factor=0.1).rates(4, 2)
    assert [schedule(step) for step in range(8)] == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


def test_restarts_equal_torchs() -> None:
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    reference = CosineAnnealingWarmRestarts(optimizer, T_0=3, T_mult=2, eta_min=0.1)
    schedule = Restarts(kind="restarts", first_cycle_epochs=1, growth=2, end_factor=0.1).rates(3, 7)
    for step in range(21):
        assert schedule(step) == pytest.approx(reference.get_last_lr()[0])
        optimizer.step()
        reference.step()


def test_cycles_fill_the_steps_without_drifting() -> None:
    assert cycles(3.0, 2.0, 21) == [3, 6, 12]
    assert cycles(2.5, 1.0, 10) == [2, 3, 3, 2]
    assert cycles(4.0, 3.0, 5) == [4, 12]


def test_cosine_one_cycle_equals_torchs() -> None:
    """Torch reaches the end at its last step, this one after it."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    reference = OneCycleLR(
        optimizer,
        max_lr=1.0,
        total_steps=21,
        pct_start=7 / 21,
        div_factor=25,
        final_div_factor=400,
        base_momentum=0.85,
        max_momentum=0.95,
    )
    section = OneCycleCosine(
        kind="one_cycle_cosine",
        warmup_fraction=0.3,
        start_divisor=25,
        end_divisor=10000,
        momentum_high=0.95,
        momentum_low=0.85,
    )
    rates, momenta = section.rates(10, 2), section.momenta(10, 2)
    assert momenta is not None
    for step in range(21):
        assert rates(step) == pytest.approx(reference.get_last_lr()[0])
        assert momenta(step) == pytest.approx(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if step < 20:
            reference.step()


def test_linear_one_cycle_of_document_002() -> None:
    """10,000 steps: 4,316 up, 4,316 down, 1,368 to the end."""
    rates, momenta = DOCUMENT_002.rates(100, 100), DOCUMENT_002.momenta(100, 100)
    assert momenta is not None
    steps = (0, 2158, 4316, 6474, 8632, 9316, 10000)
    assert [rates(step) for step in steps] == pytest.approx([0.1, 0.55, 1.0, 0.55, 0.1, 0.0505, 0.001])
    assert [momenta(step) for step in steps] == pytest.approx([0.95, 0.875, 0.8, 0.875, 0.95, 0.95, 0.95])
