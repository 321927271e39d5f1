"""Part `train.average`: which average of the weights along the way is judged and handed on, and how averaged weights
come by BatchNorm statistics of their own."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field

from foldline.params.kinds import union_of
from foldline.params.section import Count, Positive
from foldline.training.kind import Accelerator, Kind, Module, Tensor
from foldline.training.layer_groups import batchnorms
from foldline.training.losses import LossFunction

if TYPE_CHECKING:
    from foldline.training.batches import Batch
else:
    Batch = Any

Refresh = Callable[[Module, list[Module], Iterable[Batch], Accelerator], None]
"""Give these BatchNorm layers of the model new statistics, from batches as they are needed."""


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


class WeightAverage(Follower):
    """The n-th weights taken (from 0) enter with the share `newest(n)`, the average so far with the rest.

    Until `first_epoch` (from 0) the average is the weights themselves. They are taken at every step, or at every
    epoch's end. The followed BatchNorm statistics do not fit averaged weights: `refresh` computes them anew, but for
    layers that stand still.
    """

    def __init__(
        self,
        followed: Module,
        newest: Callable[[int], float],
        refresh: Refresh,
        first_epoch: int = 0,
        every_epoch: bool = False,
    ) -> None:
        super().__init__(deepcopy(followed).requires_grad_(False))
        self._followed = followed
        self._newest = newest
        self._refresh = refresh
        self._first_epoch = first_epoch
        self._every_epoch = every_epoch
        self._taken = 0
        self._epochs = 0

    def update(self) -> None:
        if not self._every_epoch:
            self._take()

    def finish_epoch(self, batches: Iterable[Batch], accelerator: Accelerator) -> None:
        if self._every_epoch:
            self._take()
        self._epochs += 1
        pairs = zip(batchnorms(self.model), batchnorms(self._followed), strict=True)
        moving = [norm for norm, followed in pairs if followed.training]
        if moving:
            self._refresh(self.model, moving, batches, accelerator)

    def state_dict(self) -> dict[str, Any]:
        return {"model": self.model.state_dict(), "taken": self._taken, "epochs": self._epochs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self._taken, self._epochs = state["taken"], state["epochs"]

    def _take(self) -> None:
        import torch

        has_begun = self._epochs >= self._first_epoch
        # As torch's AveragedModel does it, less its wait for the device and its copy of all buffers at every step.
        averaged = cast(list[Tensor], list(self.model.parameters()))
        followed = cast(list[Tensor], list(self._followed.parameters()))
        share = self._newest(self._taken) if has_begun else 1.0
        with torch.no_grad():
            torch._foreach_lerp_(averaged, followed, share)  # type: ignore[reportPrivateImportUsage]
        self._taken += has_begun


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
        return forward_statistics(self.batches)


class TrainingStatistics(Statistics):
    """Document 000's way: `batches` further steps of plain gradient descent at a rate too small to move weights."""

    kind: Literal["training"]
    batches: Count
    rate: Positive

    def refresh(self, loss: LossFunction) -> Refresh:
        return training_statistics(loss, self.batches, self.rate)


AnyStatistics = Annotated[Statistics, union_of("foldline.training.averages", Statistics)]


class Average(Kind):
    def follow(self, model: Module, loss: LossFunction, steps_per_epoch: int) -> Follower:
        """What follows the model; `loss`: of the short training that may renew its statistics."""
        raise NotImplementedError


class NoAverage(Average):
    kind: Literal["none"]

    def follow(self, model: Module, loss: LossFunction, steps_per_epoch: int) -> Follower:
        return Follower(model)


class Ema(Average):
    """Exponential moving average, its decay per optimiser step at most (1 + step) / (10 + step)."""

    kind: Literal["ema"]
    decay: Annotated[float, Field(gt=0, lt=1)]
    statistics: AnyStatistics

    def follow(self, model: Module, loss: LossFunction, steps_per_epoch: int) -> Follower:
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
        refresh = self.statistics.refresh(loss)
        return WeightAverage(model, arithmetic, refresh, self.from_epoch - 1, self.every == "epoch")


Averages = Annotated[Average, union_of("foldline.training.averages", Average)]


def exponential(decay: float) -> Callable[[int], float]:
    """1 - decay, but a young average forgets faster: decay <= (1 + n) / (10 + n), the warm-up of TensorFlow's
    ExponentialMovingAverage."""
    return lambda taken: 1 - min(decay, (1 + taken) / (10 + taken))


def span_decay(span_epochs: float, steps_per_epoch: int) -> float:
    """Per step, so that over an epoch it is (span - 1) / (span + 1), the decay that pandas calls a span."""
    return ((span_epochs - 1) / (span_epochs + 1)) ** (1 / steps_per_epoch)


def arithmetic(taken: int) -> float:
    """All weigh the same (Polyak and Juditsky 1992; at epochs' ends, Izmailov et al. 2018)."""
    return 1 / (taken + 1)


def forward_statistics(count: int) -> Refresh:
    """The mean over `count` batches (Izmailov et al. 2018, section 3.2). Dropout is off, as it is when the statistics
    are used."""

    import torch

    @torch.no_grad()
    def refresh(model: Module, norms: list[Any], batches: Iterable[Batch], accelerator: Accelerator) -> None:
        model.eval()
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # torch's word for a plain mean
            norm.train()
        for batch in islice(batches, count):
            model(batch.images, *batch.side)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        model.eval()

    return refresh


def training_statistics(loss: LossFunction, count: int, rate: float) -> Refresh:
    """Steps of gradient descent at a rate that moves hardly a weight (document 000 takes 1e-7), while the statistics
    follow at their own momentum."""
    import torch

    from foldline.training.processes import over_processes

    def refresh(model: Module, norms: list[Any], batches: Iterable[Batch], accelerator: Accelerator) -> None:
        model.train()
        for norm in batchnorms(model):
            if norm not in norms:
                norm.eval()
        weights = list(model.parameters())
        with torch.enable_grad():
            for weight in weights:
                weight.requires_grad_()
            for batch in islice(batches, count):
                losses = loss(model(batch.images, *batch.side), batch.targets)
                gradients = torch.autograd.grad(losses.mean(), weights, allow_unused=True, materialize_grads=True)
                for weight, gradient in zip(weights, gradients, strict=True):
                    weight.data.sub_(over_processes(gradient, "mean", accelerator), alpha=rate)
            for weight in weights:
                weight.requires_grad_(False)
        model.eval()

    return refresh
