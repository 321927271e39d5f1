"""Schedules: functions from the optimiser step (from 0) to a value, joined from pieces.

A schedule knows nothing of an optimiser and keeps no state; it is asked again for any step.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate, pairwise

from foldline.training import schedule_section as kinds

Schedule = Callable[[int], float]
Piece = tuple[int, Schedule]
"""How many steps, and the value at each, counted from the piece's own start."""


def constant(value: float) -> Schedule:
    return lambda step: value


def linear(start: float, end: float, steps: int) -> Schedule:
    """`start` at step 0, `end` at `steps` and after."""
    return lambda step: start + (end - start) * _share(step, steps)


def cosine(start: float, end: float, steps: int) -> Schedule:
    """`start` at step 0, `end` at `steps` and after, along half a cosine (Loshchilov and Hutter 2017)."""
    return lambda step: end + (start - end) * (1 + math.cos(math.pi * _share(step, steps))) / 2


def join(*pieces: Piece) -> Schedule:
    """One piece after the other; the last goes on for ever."""
    starts = [0, *accumulate(steps for steps, _ in pieces)][:-1]

    def value(step: int) -> float:
        piece = bisect_right(starts, step) - 1
        return pieces[piece][1](step - starts[piece])

    return value


def rate_schedule(schedule: kinds.Schedule, steps_per_epoch: int, epochs: int) -> Schedule:
    """From step to the share of the peak learning rate."""
    steps = steps_per_epoch * epochs
    match schedule:
        case kinds.Constant():
            return constant(1.0)
        case kinds.WarmupCosine():
            warmup = min(round(schedule.warmup_epochs * steps_per_epoch), steps)
            return join(
                (warmup, linear(schedule.start_share, 1.0, warmup)),
                (steps - warmup, cosine(1.0, schedule.end_share, steps - warmup)),
            )
        case kinds.Steps():
            starts = [round(epoch * steps_per_epoch) for epoch in schedule.at_epochs]
            return lambda step: schedule.factor ** bisect_right(starts, step)
        case kinds.Restarts():
            lengths = cycles(schedule.first_cycle_epochs * steps_per_epoch, schedule.growth, steps)
            return join(*((length, cosine(1.0, schedule.end_share, length)) for length in lengths))
        case kinds.OneCycleLinear() | kinds.OneCycleCosine():
            start, end = 1 / schedule.start_divisor, 1 / schedule.end_divisor
            return one_cycle(schedule, steps, (start, 1.0, start, end))


def momentum_schedule(schedule: kinds.Schedule, steps_per_epoch: int, epochs: int) -> Schedule | None:
    """From step to the momentum, None where it is the optimiser's own throughout."""
    if not isinstance(schedule, kinds.OneCycleLinear | kinds.OneCycleCosine):
        return None
    high, low = schedule.momentum_high, schedule.momentum_low
    return one_cycle(schedule, steps_per_epoch * epochs, (high, low, high, high))


def one_cycle(
    schedule: kinds.OneCycleLinear | kinds.OneCycleCosine, steps: int, values: tuple[float, float, float, float]
) -> Schedule:
    """Through four values: the start, the turn, the way back, the end (Smith 2018).

    The linear shape is fastai's `use_clr_beta`, which document 002 uses: two sides of equal length and a tail. The
    cosine shape is torch's OneCycleLR, which has no tail.
    """
    start, turn, back, end = values
    if isinstance(schedule, kinds.OneCycleCosine):
        rising = round(schedule.warmup_share * steps)
        return join((rising, cosine(start, turn, rising)), (steps - rising, cosine(turn, end, steps - rising)))
    side = round((1 - schedule.tail_share) / 2 * steps)
    tail = steps - 2 * side
    return join((side, linear(start, turn, side)), (side, linear(turn, back, side)), (tail, linear(back, end, tail)))


def cycles(first_steps: float, growth: float, steps: int) -> list[int]:
    """Lengths of cycles in whole steps, each `growth` times the one before, until they fill `steps`.

    Their ends are rounded, not their lengths, so that many cycles do not drift.
    """
    ends, length, end = [0], first_steps, 0.0
    while ends[-1] < steps:
        end, length = end + length, length * growth
        ends.append(max(round(end), ends[-1] + 1))
    return [late - early for early, late in pairwise(ends)]


def _share(step: int, steps: int) -> float:
    return min(step / steps, 1.0) if steps else 1.0
