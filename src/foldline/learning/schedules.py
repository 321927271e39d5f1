"""Schedules: functions from the optimiser step (from 0) to a value, joined from pieces.

A schedule knows nothing of an optimiser and keeps no state; it is asked again for any step.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from foldline.config import train

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


def rate_schedule(schedule: train.Schedule, steps_per_epoch: int, epochs: int) -> Schedule:
    """From step to the share of the peak learning rate."""
    match schedule:
        case train.Constant():
            return constant(1.0)
        case train.WarmupCosine():
            steps = steps_per_epoch * epochs
            warmup = min(round(schedule.warmup_epochs * steps_per_epoch), steps)
            return join(
                (warmup, linear(schedule.start_share, 1.0, warmup)),
                (steps - warmup, cosine(1.0, schedule.end_share, steps - warmup)),
            )


def _share(step: int, steps: int) -> float:
    return min(step / steps, 1.0) if steps else 1.0
