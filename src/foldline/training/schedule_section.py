"""Part `train.schedule`: the share of each peak learning rate, and where it has one the momentum, step by step."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldline.params.quantities import NotNegative, Positive, Share, ShareBelowOne
from foldline.params.section import Section


class Constant(Section):
    kind: Literal["constant"]


class WarmupCosine(Section):
    """Linearly from `start_share` of the rate to all of it, then along a cosine to `end_share`."""

    kind: Literal["warmup_cosine"]
    warmup_epochs: NotNegative
    start_share: Share
    end_share: Share


class Steps(Section):
    """`factor` times the rate once `at_epochs` are done, and again at each of them."""

    kind: Literal["steps"]
    at_epochs: Annotated[tuple[Positive, ...], Field(min_length=1)]
    factor: Positive

    @model_validator(mode="after")
    def _ascending(self) -> "Steps":
        if list(self.at_epochs) != sorted(set(self.at_epochs)):
            raise ValueError(f"schedule.at_epochs is {list(self.at_epochs)}: it must ascend")
        return self


class Restarts(Section):
    """Cosines from the whole rate to `end_share`, one after the other, each `growth` times as long as the one before
    (SGDR, Loshchilov and Hutter 2017). A first cycle of 1 and a growth of 2 end after 1, 3, 7, 15 epochs."""

    kind: Literal["restarts"]
    first_cycle_epochs: Positive
    growth: Annotated[float, Field(ge=1)]
    end_share: Share


class _OneCycle(Section):
    start_divisor: Annotated[float, Field(ge=1)]
    end_divisor: Annotated[float, Field(ge=1)]
    """Both of the peak rate."""
    momentum_high: ShareBelowOne
    momentum_low: ShareBelowOne
    """Where the rate is highest. For optimisers of Adam's type, momentum is beta1."""

    @model_validator(mode="after")
    def _momentum_sinks(self) -> "_OneCycle":
        if self.momentum_low > self.momentum_high:
            raise ValueError(
                f"schedule.momentum_low is {self.momentum_low}, above momentum_high, which is {self.momentum_high}"
            )
        return self


class OneCycleLinear(_OneCycle):
    """Peak / `start_divisor` to the peak and back in straight lines of equal length, then within the last `tail_share`
    of all steps to peak / `end_divisor`; momentum goes from high to low and back, and stays (document 002:
    `use_clr_beta=(10, 13.68, 0.95, 0.8)` is 10, 0.1368, 1000, 0.95, 0.8)."""

    kind: Literal["one_cycle_linear"]
    tail_share: ShareBelowOne


class OneCycleCosine(_OneCycle):
    """Peak / `start_divisor` to the peak within `warmup_share` of all steps, then to peak / `end_divisor`, along
    cosines; momentum the other way round (torch's OneCycleLR)."""

    kind: Literal["one_cycle_cosine"]
    warmup_share: ShareBelowOne


Schedule = Annotated[
    Constant | WarmupCosine | Steps | Restarts | OneCycleLinear | OneCycleCosine, Field(discriminator="kind")
]
