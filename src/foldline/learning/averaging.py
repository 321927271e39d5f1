"""Averages of the weights along the optimiser's path, and the BatchNorm statistics that fit them."""

from collections.abc import Iterable
from copy import deepcopy
from itertools import islice
from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from foldline.config import train


@runtime_checkable
class Average(Protocol):
    """Follows a model; `model` is what is judged and handed on."""

    model: nn.Module

    def update(self) -> None:
        """After every optimiser step."""

    def refresh(self, batches: Iterable[Tensor]) -> None:
        """After every epoch, with its training images: whatever an average of weights cannot average."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class NoAverage:
    """The model itself."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def update(self) -> None:
        pass

    def refresh(self, batches: Iterable[Tensor]) -> None:
        pass

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class ExponentialAverage:
    """Each step's weights enter with 1 - decay; a young average forgets faster: decay <= (1 + n) / (10 + n).

    n counts the updates (the warm-up of TensorFlow's ExponentialMovingAverage). The followed BatchNorm statistics do
    not fit the averaged weights: they are computed anew (Izmailov et al. 2018, section 3.2).
    """

    def __init__(self, followed: nn.Module, decay: float, statistics_batches: int) -> None:
        self.model = deepcopy(followed).requires_grad_(False)
        self._followed = followed
        self._decay = decay
        self._statistics_batches = statistics_batches
        self._updates = 0

    @torch.no_grad()
    def update(self) -> None:
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        # As torch's AveragedModel does it, less its wait for the device and its copy of all buffers at every step.
        averaged = cast(list[Tensor], list(self.model.parameters()))
        followed = cast(list[Tensor], list(self._followed.parameters()))
        torch._foreach_lerp_(averaged, followed, 1 - decay)  # type: ignore[reportPrivateImportUsage]
        self._updates += 1

    def refresh(self, batches: Iterable[Tensor]) -> None:
        update_bn(islice(batches, self._statistics_batches), self.model)

    def state_dict(self) -> dict[str, Any]:
        return {"model": self.model.state_dict(), "updates": self._updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self._updates = state["updates"]


def build_average(average: train.Average, model: nn.Module) -> Average:
    match average:
        case train.NoAverage():
            return NoAverage(model)
        case train.Ema():
            return ExponentialAverage(model, average.decay, average.statistics_batches)
