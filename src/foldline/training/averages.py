"""Part `train.average`: which average of the weights along the way is judged and handed on, and how averaged weights
come by BatchNorm statistics of their own. What follows the weights is in averaging.py."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from foldline.params.kinds import union_of
from foldline.params.quantities import Count, Positive
from foldline.training.kind import Kind, Module
from foldline.training.losses import LossFunction

if TYPE_CHECKING:
    from foldline.training.averaging import Follower, Refresh
else:
    Follower = Refresh = Any


class Statistics(Kind):
    """How averaged weights come by BatchNorm statistics of their own at every epoch's end."""

    def refresh(self, loss: LossFunction) -> Refresh:
        """`loss`: of the short training that may renew them."""
        raise NotImplementedError


class ForwardStatistics(Statistics):
    """The mean of the statistics of `batches` of the epoch's batches (Izmailov et al. 2018)."""

    kind: Literal["forward"]
    batches: Count

    def refresh(self, loss: LossFunction) -> Refresh:
        from foldline.training.averaging import forward_statistics

        return forward_statistics(self.batches)


class TrainingStatistics(Statistics):
    """Document 000's way: `batches` further steps of plain gradient descent at a rate too small to move weights."""

    kind: Literal["training"]
    batches: Count
    rate: Positive

    def refresh(self, loss: LossFunction) -> Refresh:
        from foldline.training.averaging import training_statistics

        return training_statistics(loss, self.batches, self.rate)


if TYPE_CHECKING:
    AnyStatistics = Statistics
else:
    AnyStatistics = union_of("foldline.training.averages", Statistics)


class Average(Kind):
    def follow(self, model: Module, loss: LossFunction, steps_per_epoch: int) -> Follower:
        """What follows the model; `loss`: of the short training that may renew its statistics."""
        raise NotImplementedError


class NoAverage(Average):
    kind: Literal["none"]

    def follow(self, model: Module, loss: LossFunction, steps_per_epoch: int) -> Follower:
        from foldline.training.averaging import Itself

        return Itself(model)


class Ema(Average):
    """Exponential moving average, its decay per optimiser step at most (1 + step) / (10 + step)."""

    kind: Literal["ema"]
    decay: Annotated[float, Field(gt=0, lt=1)]
    statistics: AnyStatistics

    def follow(self, model: Module, loss: LossFunction, steps_per_epoch: int) -> Follower:
        from foldline.training.averaging import WeightAverage, exponential

        return WeightAverage(model, exponential(self.decay), self.statistics.refresh(loss))


class EmaSpan(Average):
    """Exponential moving average with a decay of ((s - 1) / (s + 1)) ** (1 / steps per epoch), s being the span: its
    weights are as old on average as those of the mean of s epochs."""

    kind: Literal["ema_span"]
    span_epochs: Annotated[float, Field(gt=1)]
    statistics: AnyStatistics

    def lengths(self) -> Mapping[str, int | float]:
        return {"span_epochs": self.span_epochs}

    def follow(self, model: Module, loss: LossFunction, steps_per_epoch: int) -> Follower:
        from foldline.training.averaging import WeightAverage, exponential, span_decay

        decay = span_decay(self.span_epochs, steps_per_epoch)
        return WeightAverage(model, exponential(decay), self.statistics.refresh(loss))


class Mean(Average):
    """The arithmetic mean (Polyak's; SWA's with `every: epoch`) from the start of `from_epoch`, counted from 1; until
    then the weights themselves."""

    kind: Literal["mean"]
    from_epoch: Count
    every: Literal["step", "epoch"]
    statistics: AnyStatistics

    def lengths(self) -> Mapping[str, int | float]:
        return {"from_epoch": self.from_epoch}

    def follow(self, model: Module, loss: LossFunction, steps_per_epoch: int) -> Follower:
        from foldline.training.averaging import WeightAverage, arithmetic

        refresh = self.statistics.refresh(loss)
        return WeightAverage(model, arithmetic, refresh, self.from_epoch - 1, self.every == "epoch")


if TYPE_CHECKING:
    Averages = Average
else:
    Averages = union_of("foldline.training.averages", Average)
