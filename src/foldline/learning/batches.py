"""Training batches on the device, and the parts of one that go through the model one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor
from torch.utils.data import DataLoader

from foldline.images.loaders import EpochOrder, balanced


@dataclass(frozen=True)
class Batch:
    """One process's share of one optimiser step."""

    images: Shaped[Tensor, "batch channels height width"]
    targets: Int64[Tensor, " batch"]
    index: Int64[Tensor, " batch"]
    """Which of the fold's training images these are; on the CPU."""
    count: int
    """Images of this step in all processes together."""


@dataclass(frozen=True)
class Part:
    """One forward and backward pass."""

    images: Shaped[Tensor, "part channels height width"]
    targets: Int64[Tensor, " part"]
    index: Int64[Tensor, " part"]
    is_last: bool


class TrainingBatches:
    """The batches of any epoch: `batches.of(epoch)`."""

    def __init__(self, loader: DataLoader, targets: Int64[Tensor, " images"], device: torch.device) -> None:
        """`loader`: of foldline.images.loaders.training_loader."""
        self._loader = loader
        self._targets = targets
        self._device = device

    def __len__(self) -> int:
        return len(self._loader)

    @property
    def images(self) -> int:
        """Per epoch, in all processes together."""
        return len(self._targets)

    def of(self, epoch: int) -> Iterator[Batch]:
        order = self._loader.batch_sampler
        assert isinstance(order, EpochOrder)
        order.epoch = epoch
        for (images, index), count in zip(self._loader, order.batch_sizes, strict=True):
            targets = self._targets[index].to(self._device, non_blocking=True)
            yield Batch(images.to(self._device, non_blocking=True), targets, index, count)


def parts(batch: Batch, micro_batch_size: int) -> Iterator[Part]:
    """The batch cut evenly into the fewest parts of at most `micro_batch_size` images."""
    sizes = balanced(len(batch.images), micro_batch_size)
    cut = zip(*(tensor.split(sizes) for tensor in (batch.images, batch.targets, batch.index)), strict=True)
    for number, (images, targets, index) in enumerate(cut, start=1):
        yield Part(images, targets, index, is_last=number == len(sizes))
