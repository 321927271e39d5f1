"""Part `train.schedule`: the factor of each peak learning rate, and where it has one the momentum, step by step.

What a schedule gives are functions from the optimiser step (from 0) to a value, joined from pieces. They know nothing
of an optimiser and keep no state; they are asked again for any step.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from foldline.params.kinds import union_of
from foldline.params.section import Fraction, FractionBelowOne
from foldline.training.train_part import Kind, OwnKind

ByStep = Callable[[int], float]
Piece = tuple[int, ByStep]
"""How many steps, and the value at each, counted from the piece's own start."""


class Schedule(Kind):
    def rates(self, steps_per_epoch: int, epochs: int) -> ByStep:
        """From step to the factor of the peak learning rate."""
        raise NotImplementedError

    def momenta(self, steps_per_epoch: int, epochs: int) -> ByStep | None:
        """From step to the momentum, None where it is the optimiser's own throughout."""
        return None


class Constant(Schedule):
    kind: Literal["constant"]

    def rates(self, steps_per_epoch: int, epochs: int) -> ByStep:
        return constant(1.0)


class WarmupCosine(Schedule):
    """Linearly from `start_factor` of the rate to all of it, then along a cosine to `end_factor`."""

    kind: Literal["warmup_cosine"]
    warmup_epochs: NonNegativeFloat
    start_factor: Fraction
    end_factor: Fraction
    epoch_keys: ClassVar = ("warmup_epochs",)

    def rates(self, steps_per_epoch: int, epochs: int) -> ByStep:
        steps = steps_per_epoch * epochs
        warmup = min(round(self.warmup_epochs * steps_per_epoch), steps)
        return join(
            (warmup, linear(self.start_factor, 1.0, warmup)),
            (steps - warmup, cosine(1.0, self.end_factor, steps - warmup)),
        )


class Steps(Schedule):
    """`factor` times the rate once `at_epochs` are done, and again at each of them."""

    kind: Literal["steps"]
    at_epochs: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]
    factor: PositiveFloat

    @model_validator(mode="after")
    def _ascending(self) -> "Steps":
        if list(self.at_epochs) != sorted(set(self.at_epochs)):
            raise ValueError(f"schedule.at_epochs is {list(self.at_epochs)}: it must ascend")
        return self

    epoch_keys: ClassVar = ("at_epochs",)

    def rates(self, steps_per_epoch: int, epochs: int) -> ByStep:
        starts = [round(epoch * steps_per_epoch) for epoch in self.at_epochs]
        return lambda step: self.factor ** bisect_right(starts, step)


class Restarts(Schedule):
    """Cosines from the whole rate to `end_factor`, one after the other, each `growth` times as long as the one before
    (SGDR, Loshchilov and Hutter 2017). A first cycle of 1 and a growth of 2 end after 1, 3, 7, 15 epochs."""

    kind: Literal["restarts"]
    first_cycle_epochs: PositiveFloat
    growth: Annotated[float, Field(ge=1)]
    end_factor: Fraction
    epoch_keys: ClassVar = ("first_cycle_epochs",)

    def rates(self, steps_per_epoch: int, epochs: int) -> ByStep:
        lengths = cycles(self.first_cycle_epochs * steps_per_epoch, self.growth, steps_per_epoch * epochs)
        return join(*((length, cosine(1.0, self.end_factor, length)) for length in lengths))


class _OneCycle(Schedule):
    start_divisor: Annotated[float, Field(ge=1)]
    end_divisor: Annotated[float, Field(ge=1)]
    """Both of the peak rate."""
    momentum_high: FractionBelowOne
    momentum_low: FractionBelowOne
    """Where the rate is highest. For optimisers of Adam's type, momentum is beta1."""

    @model_validator(mode="after")
    def _momentum_sinks(self) -> "_OneCycle":
        if self.momentum_low > self.momentum_high:
            raise ValueError(
                f"schedule.momentum_low is {self.momentum_low}, above momentum_high, which is {self.momentum_high}"
            )
        return self

    def rates(self, steps_per_epoch: int, epochs: int) -> ByStep:
        start, end = 1 / self.start_divisor, 1 / self.end_divisor
        return self.through(start, 1.0, start, end, steps_per_epoch * epochs)

    def momenta(self, steps_per_epoch: int, epochs: int) -> ByStep:
        high, low = self.momentum_high, self.momentum_low
        return self.through(high, low, high, high, steps_per_epoch * epochs)

    def through(self, start: float, turn: float, back: float, end: float, steps: int) -> ByStep:
        """Through four values: the start, the turn, the way back, the end (Smith 2018)."""
        raise NotImplementedError


class OneCycleLinear(_OneCycle):
    """Peak / `start_divisor` to the peak and back in straight lines of equal length, then within the last
    `tail_fraction` of all steps to peak / `end_divisor`; momentum goes from high to low and back, and stays (fastai's
    `use_clr_beta`: its (10, 13.68, 0.95, 0.8) is 10, 0.1368, 1000, 0.95, 0.8)."""

    kind: Literal["one_cycle_linear"]
    tail_fraction: FractionBelowOne

    def through(self, start: float, turn: float, back: float, end: float, steps: int) -> ByStep:
        side = round((1 - self.tail_fraction) / 2 * steps)
        tail = steps - 2 * side
        return join(
            (side, linear(start, turn, side)), (side, linear(turn, back, side)), (tail, linear(back, end, tail))
        )


class OneCycleCosine(_OneCycle):
    """Peak / `start_divisor` to the peak within `warmup_fraction` of all steps, then to peak / `end_divisor`, along
    cosines; momentum the other way round (torch's OneCycleLR, which has no tail)."""

    kind: Literal["one_cycle_cosine"]
    warmup_fraction: FractionBelowOne

    def through(self, start: float, turn: float, back: float, end: float, steps: int) -> ByStep:
        rising = round(self.warmup_fraction * steps)
        return join((rising, cosine(start, turn, rising)), (steps - rising, cosine(turn, end, steps - rising)))


class OwnSchedule(Schedule, OwnKind):
    """A function of one's own, `name(step, steps, steps_per_epoch, **keys)`, of the step (from 0) and of how many
    there are in the training and in an epoch: the factor of each peak learning rate, a number from 0."""

    def rates(self, steps_per_epoch: int, epochs: int) -> ByStep:
        """All values at once, so that a wrong one is refused before the first step."""
        factor, steps = self.load(), steps_per_epoch * epochs
        factors: list[float] = []
        for step in range(steps):
            with self.blamed():
                value = factor(step=step, steps=steps, steps_per_epoch=steps_per_epoch, **self.arguments)
            if not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise self.refusal(f"gives {value!r} for step {step} of {steps}: a factor of the rate is 0 or more.")
            factors.append(float(value))
        return lambda step: factors[min(step, steps - 1)]


Schedules = Annotated[Schedule, union_of("foldline.training.schedules", Schedule)]


def constant(value: float) -> ByStep:
    return lambda step: value


def linear(start: float, end: float, steps: int) -> ByStep:
    """`start` at step 0, `end` at `steps` and after."""
    return lambda step: start + (end - start) * _progress(step, steps)


def cosine(start: float, end: float, steps: int) -> ByStep:
    """`start` at step 0, `end` at `steps` and after, along half a cosine (Loshchilov and Hutter 2017)."""
    return lambda step: end + (start - end) * (1 + math.cos(math.pi * _progress(step, steps))) / 2


def join(*pieces: Piece) -> ByStep:
    """One piece after the other; the last stays forever."""
    starts = [0, *accumulate(steps for steps, _ in pieces)][:-1]

    def value(step: int) -> float:
        piece = bisect_right(starts, step) - 1
        return pieces[piece][1](step - starts[piece])

    return value


def cycles(first_steps: float, growth: float, steps: int) -> list[int]:
    """Lengths of cycles in whole steps, each `growth` times the one before, until they fill `steps`.

    Their ends are rounded, not their lengths, so that many cycles do not drift.
    """
    ends, length, end = [0], first_steps, 0.0
    while ends[-1] < steps:
        end, length = end + length, length * growth
        ends.append(max(round(end), ends[-1] + 1))
    return [late - early for early, late in pairwise(ends)]


def _progress(step: int, steps: int) -> float:
    return min(step / steps, 1.0) if steps else 1.0
