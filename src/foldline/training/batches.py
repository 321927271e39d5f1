"""Training batches on the device, and the micro-batches of one, which go through the model one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader

from foldline.pixels.loaders import EpochOrder, balanced
from foldline.training.fold_samples import Samples
from foldline.training.pretext_kind import LearnedPretext
from foldline.training.train_section import Train


@dataclass(frozen=True)
class Batch:
    """One process's part of one optimiser step."""

    images: Shaped[Tensor, "batch channels height width"]
    """uint8, or float in 0..255 once they are resized or mixed."""
    targets: Float[Tensor, "batch outputs"]
    """Soft, as the loss takes them."""
    weights: Float[Tensor, " batch"]
    """What each image counts in the loss."""
    index: Int64[Tensor, " batch"]
    """Which of the fold's training images these are; on the CPU."""
    global_batch_size: int
    """Images of this step in all processes together."""
    tabular: tuple[Float[Tensor, "batch tabular"], ...] = ()
    """The images' tabular features, if there are any: `model(batch.images, *batch.tabular)`."""


def posed(batch: Batch, task: LearnedPretext | None) -> Batch:
    """The batch as the pretext task poses it, image by image, so that all that it makes of one stand side by side."""
    if task is None:
        return batch
    images, targets = task.posed(batch.images)
    weights, index = (tensor.repeat_interleave(task.copies) for tensor in (batch.weights, batch.index))
    return Batch(images, targets, weights, index, batch.global_batch_size * task.copies)


@dataclass(eq=False)
class TrainingBatches:
    """The batches of any epoch: `batches.of(epoch)`, and `batches.mixed(epoch)` to train on."""

    loader: DataLoader
    """Of foldline.pixels.loaders.training_loader."""
    samples: Samples
    soft_targets: Callable[[Tensor], Tensor]
    """From targets to those that the loss takes."""
    config: Train
    seed: tuple[int, ...]
    """Of this process's mixing; with the epoch and the step it says all that is drawn."""
    device: torch.device
    task: LearnedPretext | None = None

    def __len__(self) -> int:
        return len(self.loader)

    @property
    def images(self) -> int:
        """Per epoch, in all processes together."""
        return len(self.samples) * (1 if self.task is None else self.task.copies)

    def of(self, epoch: int) -> Iterator[Batch]:
        order = self.loader.batch_sampler
        assert isinstance(order, EpochOrder)
        order.epoch = epoch
        fraction = self.config.resolution.fraction(epoch)
        for (images, index), size in zip(self.loader, order.batch_sizes, strict=True):
            images = resized(images.to(self.device, non_blocking=True), fraction)
            targets, weights, tabular = self.samples.told(index, self.device)
            batch = posed(Batch(images, self.soft_targets(targets), weights, index, size, tabular), self.task)
            if self.config.channels_last:
                batch = replace(batch, images=batch.images.contiguous(memory_format=torch.channels_last))
            yield batch

    def mixed(self, epoch: int) -> Iterator[Batch]:
        mix = self.config.mixing.mix(epoch, self.config.epochs)
        for step, batch in enumerate(self.of(epoch)):
            if mix is not None:
                random = np.random.default_rng((*self.seed, epoch, step))
                images, (targets, weights, *tabular) = mix(
                    batch.images, (batch.targets, batch.weights, *batch.tabular), random
                )
                batch = replace(batch, images=images, targets=targets, weights=weights, tabular=tuple(tabular))
            yield batch


def micro_batches(batch: Batch, most: int) -> list[Batch]:
    """The batch cut evenly into the fewest of at most `most` images, which go through the model one by one."""
    sizes = balanced(len(batch.images), most)
    tensors = (batch.images, batch.targets, batch.weights, batch.index, *batch.tabular)
    cut = zip(*(tensor.split(sizes) for tensor in tensors), strict=True)
    return [
        Batch(images, targets, weights, index, batch.global_batch_size, tuple(tabular))
        for images, targets, weights, index, *tabular in cut
    ]


def resized_sides(height: int, width: int, fraction: float) -> tuple[int, int]:
    """In pixels."""
    return max(round(height * fraction), 1), max(round(width * fraction), 1)


def resized(
    images: Shaped[Tensor, "batch channels height width"], fraction: float
) -> Shaped[Tensor, "batch channels h w"]:
    """Both sides at `fraction` of their length, without aliases; the images themselves for all of it."""
    height, width = images.shape[-2:]
    size = resized_sides(height, width, fraction)
    if size == (height, width):
        return images
    return interpolate(images.float(), size, mode="bilinear", antialias=True, align_corners=False)
