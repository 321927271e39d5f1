"""Part `train.average`: which average of the weights along the way is judged and handed on, and how averaged weights
come by BatchNorm statistics of their own."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

from pydantic import Field, PositiveFloat, PositiveInt

from foldline.params.kinds import union_of
from foldline.training.layer_groups import batchnorms, moving_batchnorms
from foldline.training.losses import LossFunction
from foldline.training.train_part import Accelerator, Kind, Module, Tensor

if TYPE_CHECKING:
    from foldline.training.batches import Batch
else:
    Batch = Any

Refresh = Callable[[Module, list[Any], Iterable[Batch], Accelerator], None]
"""Gives these BatchNorm layers of the model new statistics, from batches as they are needed."""


class Follower:
    """Follows a model; `model` is what is judged and handed on. This one is the followed model itself."""

    def __init__(self, model: Module) -> None:
        self.model = model

    def update(self) -> None:
        """After every optimiser step."""

    def finish_epoch(self, batches: Iterable[Batch], accelerator: Accelerator) -> None:
        """After every epoch, with its training images: whatever an average of weights cannot average."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""


@dataclass(eq=False)
class WeightAverage(Follower):
    """The n-th weights taken (from 0) enter with the weight `newest(n)`, the average so far with the rest.

    Until `first_epoch` (from 0) the average is the weights themselves. They are taken at every step, or at every
    epoch's end. The followed BatchNorm statistics do not fit averaged weights: `refresh` computes them anew, but for
    layers that stand still.
    """

    followed: Module
    newest: Callable[[int], float]
    refresh: Refresh
    first_epoch: int = 0
    every_epoch: bool = False
    taken: int = field(default=0, init=False)
    epochs: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        super().__init__(deepcopy(self.followed).requires_grad_(False))

    def update(self) -> None:
        if not self.every_epoch:
            self._take()

    def finish_epoch(self, batches: Iterable[Batch], accelerator: Accelerator) -> None:
        if self.every_epoch:
            self._take()
        self.epochs += 1
        moving = moving_batchnorms(self.model, self.followed)
        if moving:
            self.refresh(self.model, moving, batches, accelerator)

    def state_dict(self) -> dict[str, Any]:
        return {"model": self.model.state_dict(), "taken": self.taken, "epochs": self.epochs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.taken, self.epochs = state["taken"], state["epochs"]

    def _take(self) -> None:
        import torch

        has_begun = self.epochs >= self.first_epoch
        # As torch's AveragedModel does it, less its wait for the device and its copy of all buffers at every step.
        averaged = cast(list[Tensor], list(self.model.parameters()))
        followed = cast(list[Tensor], list(self.followed.parameters()))
        weight = self.newest(self.taken) if has_begun else 1.0
        with torch.no_grad():
            torch._foreach_lerp_(averaged, followed, weight)  # type: ignore[reportPrivateImportUsage]
        self.taken += has_begun


@dataclass(frozen=True)
class Passes:
    """How a batch goes through a model outside of the loop."""

    loss: LossFunction
    micro_batch_size: int
    """Images of one pass, as in the loop."""


class Statistics(Kind):
    """How averaged weights come by BatchNorm statistics of their own at every epoch's end."""

    batches: PositiveInt

    def refresh(
        self, model: Module, norms: list[Any], batches: Iterable[Batch], accelerator: Accelerator, passes: Passes
    ) -> None:
        """`passes`: how the short training that may renew them goes."""
        raise NotImplementedError


class UpdateBn(Statistics):
    """The mean of the statistics of `batches` of the epoch's batches (Izmailov et al. 2018, section 3.2). Dropout is
    off, as it is when the statistics are used."""

    kind: Literal["update_bn"]

    def refresh(
        self, model: Module, norms: list[Any], batches: Iterable[Batch], accelerator: Accelerator, passes: Passes
    ) -> None:
        import torch

        from foldline.training.batches import micro_batches

        model.eval()
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # torch's word for a plain mean
            norm.train()
        with torch.no_grad():
            for batch in islice(batches, self.batches):
                for part in micro_batches(batch, passes.micro_batch_size):
                    model(part.images, *part.tabular)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        model.eval()


class TrainingStatistics(Statistics):
    """`batches` further steps of plain gradient descent at a rate too small to move weights (1e-7, say),
    while the statistics follow at their own momentum."""

    kind: Literal["training"]
    rate: PositiveFloat

    def refresh(
        self, model: Module, norms: list[Any], batches: Iterable[Batch], accelerator: Accelerator, passes: Passes
    ) -> None:
        from torch.optim import SGD

        from foldline.training.batches import micro_batches
        from foldline.training.processes import over_processes

        model.train().requires_grad_(True)
        for norm in batchnorms(model):
            norm.train(norm in norms)
        optimizer = SGD(model.parameters(), self.rate)
        for batch in islice(batches, self.batches):
            for part in micro_batches(batch, passes.micro_batch_size):
                losses = passes.loss(model(part.images, *part.tabular), part.targets)
                (losses.sum() / len(batch.images)).backward()
            for weight in model.parameters():
                if weight.grad is not None:
                    weight.grad = over_processes(weight.grad, "mean", accelerator)
            optimizer.step()
            optimizer.zero_grad()
        model.eval().requires_grad_(False)


AnyStatistics = Annotated[Statistics, union_of("foldline.training.averages", Statistics)]


class Average(Kind):
    @property
    def refreshing_batches(self) -> int:
        """How many give it statistics at each epoch's end, where the model has any."""
        return 0

    def follow(self, model: Module, passes: Passes, steps_per_epoch: int, epochs: int) -> Follower:
        """What follows the model; `passes`: of what renews its statistics."""
        return Follower(model)


class NoAverage(Average):
    kind: Literal["none"]


class _Ema(Average):
    statistics: AnyStatistics

    @property
    def refreshing_batches(self) -> int:
        return self.statistics.batches

    def step_decay(self, steps_per_epoch: int, epochs: int) -> float:
        raise NotImplementedError

    def follow(self, model: Module, passes: Passes, steps_per_epoch: int, epochs: int) -> Follower:
        decay = self.step_decay(steps_per_epoch, epochs)

        def newest(taken: int) -> float:
            # A young average forgets faster: the warm-up of TensorFlow's ExponentialMovingAverage.
            return 1 - min(decay, (1 + taken) / (10 + taken))

        return WeightAverage(model, newest, partial(self.statistics.refresh, passes=passes))


class Ema(_Ema):
    """Exponential moving average, its decay per optimiser step at most (1 + step) / (10 + step)."""

    kind: Literal["ema"]
    decay: Annotated[float, Field(gt=0, lt=1)]

    def step_decay(self, steps_per_epoch: int, epochs: int) -> float:
        return self.decay


class EmaSpan(_Ema):
    """Exponential moving average with a decay of ((s - 1) / (s + 1)) ** (1 / steps per epoch), s being the span, as
    pandas calls it: its weights are as old on average as those of the mean of s epochs."""

    kind: Literal["ema_span"]
    span_epochs: Annotated[float, Field(gt=1)]
    epoch_keys: ClassVar = ("span_epochs",)

    def step_decay(self, steps_per_epoch: int, epochs: int) -> float:
        return ((self.span_epochs - 1) / (self.span_epochs + 1)) ** (1 / steps_per_epoch)


class EmaFraction(_Ema):
    """Exponential moving average with a decay of (s - 1) / (s + 1), s being `fraction` of the training's steps: its
    weights are as old on average as those of the mean of that many last steps, however long the training is."""

    kind: Literal["ema_fraction"]
    fraction: Annotated[float, Field(gt=0, lt=1)]

    def step_decay(self, steps_per_epoch: int, epochs: int) -> float:
        span = max(self.fraction * steps_per_epoch * epochs, 1.0)
        return (span - 1) / (span + 1)


class Mean(Average):
    """The arithmetic mean (Polyak and Juditsky 1992; SWA, Izmailov et al. 2018, with `every: epoch`) from the start of
    `from_epoch`, counted from 1; until then the weights themselves."""

    kind: Literal["mean"]
    from_epoch: PositiveInt
    every: Literal["step", "epoch"]
    statistics: AnyStatistics
    epoch_keys: ClassVar = ("from_epoch",)

    @property
    def refreshing_batches(self) -> int:
        return self.statistics.batches

    def follow(self, model: Module, passes: Passes, steps_per_epoch: int, epochs: int) -> Follower:
        refresh = partial(self.statistics.refresh, passes=passes)
        return WeightAverage(model, lambda taken: 1 / (taken + 1), refresh, self.from_epoch - 1, self.every == "epoch")


Averages = Annotated[Average, union_of("foldline.training.averages", Average)]
