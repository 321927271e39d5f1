"""Training batches on the device, and the parts of one that go through the model one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader

from foldline.pixels.loaders import EpochOrder, balanced
from foldline.training.mixing import Mix
from foldline.training.samples import Samples


@dataclass(frozen=True)
class Batch:
    """One process's share of one optimiser step."""

    images: Shaped[Tensor, "batch channels height width"]
    """uint8, or float in 0..255 once they are resized or mixed."""
    targets: Float[Tensor, "batch outputs"]
    """Soft, as the loss takes them."""
    weights: Float[Tensor, " batch"]
    """What each image counts in the loss."""
    index: Int64[Tensor, " batch"]
    """Which of the fold's training images these are; on the CPU."""
    count: int
    """Images of this step in all processes together."""
    side: tuple[Float[Tensor, "batch side"], ...] = ()
    """The images' side features, if there are any: `model(batch.images, *batch.side)`."""


@dataclass(frozen=True)
class Part:
    """One forward and backward pass."""

    images: Shaped[Tensor, "part channels height width"]
    targets: Float[Tensor, "part outputs"]
    weights: Float[Tensor, " part"]
    index: Int64[Tensor, " part"]
    side: tuple[Float[Tensor, "part side"], ...]
    is_last: bool


@dataclass(frozen=True)
class BatchChanges:
    """What is done to a batch on the device, epoch by epoch (from 0)."""

    share: Callable[[int], float]
    """Of the cached images' sides, that training images have."""
    mix: Callable[[int], Mix | None]
    seed: tuple[int, ...]
    """Of this process's mixing; with the epoch and the step it says all that is drawn."""
    channels_last: bool


class TrainingBatches:
    """The batches of any epoch: `batches.of(epoch)`, and `batches.mixed(epoch)` to train on."""

    def __init__(
        self,
        loader: DataLoader,
        samples: Samples,
        soft: Callable[[Tensor], Tensor],
        changes: BatchChanges,
        device: torch.device,
    ) -> None:
        """`loader`: of foldline.pixels.loaders.training_loader. `soft`: from targets to those that the loss takes."""
        self._loader = loader
        self._samples = samples
        self._soft = soft
        self._changes = changes
        self._device = device

    def __len__(self) -> int:
        return len(self._loader)

    @property
    def images(self) -> int:
        """Per epoch, in all processes together."""
        return len(self._samples)

    def of(self, epoch: int) -> Iterator[Batch]:
        order = self._loader.batch_sampler
        assert isinstance(order, EpochOrder)
        order.epoch = epoch
        share = self._changes.share(epoch)
        for (images, index), count in zip(self._loader, order.batch_sizes, strict=True):
            images = resized(images.to(self._device, non_blocking=True), share)
            if self._changes.channels_last:
                images = images.contiguous(memory_format=torch.channels_last)
            targets, weights, side = self._samples.told(index, self._device)
            yield Batch(images, self._soft(targets), weights, index, count, side)

    def mixed(self, epoch: int) -> Iterator[Batch]:
        mix = self._changes.mix(epoch)
        for step, batch in enumerate(self.of(epoch)):
            if mix is not None:
                random = np.random.default_rng((*self._changes.seed, epoch, step))
                images, (targets, weights, *side) = mix(
                    batch.images, (batch.targets, batch.weights, *batch.side), random
                )
                batch = replace(batch, images=images, targets=targets, weights=weights, side=tuple(side))
            yield batch


def parts(batch: Batch, micro_batch_size: int) -> Iterator[Part]:
    """The batch cut evenly into the fewest parts of at most `micro_batch_size` images."""
    sizes = balanced(len(batch.images), micro_batch_size)
    tensors = (batch.images, batch.targets, batch.weights, batch.index, *batch.side)
    cut = zip(*(tensor.split(sizes) for tensor in tensors), strict=True)
    for number, (images, targets, weights, index, *side) in enumerate(cut, start=1):
        yield Part(images, targets, weights, index, tuple(side), is_last=number == len(sizes))


def resized(
    images: Shaped[Tensor, "batch channels height width"], share: float
) -> Shaped[Tensor, "batch channels h w"]:
    """Both sides at `share` of their length, without aliases; the images themselves for all of it."""
    height, width = images.shape[-2:]
    size = (max(round(height * share), 1), max(round(width * share), 1))
    if size == (height, width):
        return images
    return interpolate(images.float(), size, mode="bilinear", antialias=True, align_corners=False)
