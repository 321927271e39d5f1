"""Batches of images from the pixel cache, as tensors, the same whatever the number of workers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int64, Integer, Shaped
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler, SequentialSampler

from foldline.files.parent import die_with_pool
from foldline.files.refusal import Refusal
from foldline.pixels.forks import WakingForks

Indices = Integer[np.ndarray, " images"]
Image = Shaped[np.ndarray, "h w c"]
"""uint8, or float32 of a cache of numbers, whose range is 0..255 (0..1 while it is augmented)."""


@runtime_checkable
class Pixels(Protocol):
    """Images by their number in the pixel cache: the cache itself, or what stands in its place."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Images, height, width, channels."""
        ...

    @property
    def dtype(self) -> np.dtype: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Image: ...


Augment = Callable[[Image, int], Image]
SeededIndex = tuple[int, int]
"""An index into `cache_indices`, and the seed of this image's augmentation."""
Images = Shaped[Tensor, "batch channels height width"]
Index = Int64[Tensor, " batch"]


class TrainingImages(Dataset):
    """Augmented images. All randomness is in the seed: the same index and seed give the same image in every worker."""

    def __init__(self, pixels: Pixels, cache_indices: Indices, augment: Augment | None) -> None:
        self.pixels = pixels
        self.cache_indices = cache_indices
        self.augment = augment

    def __getitems__(self, indices_and_seeds: Sequence[SeededIndex]) -> tuple[Images, Index]:
        index = np.fromiter((index for index, _ in indices_and_seeds), np.int64, len(indices_and_seeds))
        images = images_at(self.pixels, self.cache_indices[index])
        if self.augment is not None:
            images = map(partial(augmented, self.augment), images, (seed for _, seed in indices_and_seeds))
        return channels_first(images, self.pixels, len(indices_and_seeds)), torch.from_numpy(index)


class EvaluationImages(Dataset):
    """Images as they are in the cache, by their index into `cache_indices`."""

    def __init__(self, pixels: Pixels, cache_indices: Indices) -> None:
        self.pixels = pixels
        self.cache_indices = cache_indices

    def __getitems__(self, index: Sequence[int]) -> tuple[Images, Index]:
        images = images_at(self.pixels, self.cache_indices[np.asarray(index, np.int64)])
        return channels_first(images, self.pixels, len(index)), torch.tensor(index, dtype=torch.int64)


def images_at(pixels: Pixels, cache_indices: Indices) -> Iterator[Image]:
    """Copies of the images at `cache_indices`, one after the other: a second array as large as the batch would make the
    allocator fetch the same memory from the kernel again for each batch."""
    kind = loaded_type(pixels)
    return (np.array(pixels[cache_index], kind) for cache_index in cache_indices.tolist())


def loaded_type(pixels: Pixels) -> np.dtype:
    """uint8, or float32 of a cache of numbers."""
    return np.dtype(np.uint8 if pixels.dtype == np.uint8 else np.float32)


def augmented(augment: Augment, image: Image, seed: int) -> Image:
    """albumentations takes numbers from 0 to 1."""
    return augment(image, seed) if image.dtype == np.uint8 else augment(image / 255, seed) * 255


def channels_first(images: Iterable[Image], pixels: Pixels, count: int) -> Images:
    """The batch of `count` images of the shape that `pixels` have."""
    height, width, channels = shape = pixels.shape[1:]
    batch = np.empty((count, channels, height, width), loaded_type(pixels))
    planes = list(batch.reshape(count * channels, height, width))
    for first, image in zip(range(0, len(planes), channels), images, strict=True):
        if image.shape != shape or image.dtype != batch.dtype:
            raise ValueError(f"augmentation made {image.dtype} of {image.shape} of {batch.dtype} of {shape}")
        # Into these planes, since they fit: six times as fast as a transposed copy of NumPy's or torch's.
        cv2.split(image, planes[first : first + channels])
    return torch.from_numpy(batch)


@dataclass(eq=False)
class EpochOrder(Sampler[list[SeededIndex]]):
    """The batches of one epoch: an order that depends on `seed` and `epoch` alone.

    Every image is drawn once; or, with `probabilities`, as many as there are, with replacement. All processes together
    see `batch_sizes[i]` images in batch i, whose sizes differ by at most one: a short last batch would make for a noisy
    last step, and BatchNorm fails on a single image.
    Each image's own seed belongs to its position in the epoch, so neither workers nor processes change what is drawn.
    """

    count: int
    batch_size: int
    seed: Sequence[int]
    """One or more non-negative numbers."""
    process: int
    """Which of the `processes` draws its part here."""
    processes: int
    probabilities: Float[np.ndarray, " count"] | None = None
    epoch: int = 0

    @property
    def batch_sizes(self) -> list[int]:
        return balanced(self.count, self.batch_size)

    def __iter__(self) -> Iterator[list[SeededIndex]]:
        order_seed, image_seed = np.random.SeedSequence((*self.seed, self.epoch)).spawn(2)
        rng = np.random.default_rng(order_seed)
        if self.probabilities is None:
            order = rng.permutation(self.count)
        else:
            order = rng.choice(self.count, self.count, p=self.probabilities)
        seeds = image_seed.generate_state(self.count, np.uint64)
        for positions in np.split(np.arange(self.count), np.cumsum(self.batch_sizes)[:-1]):
            mine = np.array_split(positions, self.processes)[self.process]
            yield list(zip(order[mine].tolist(), seeds[mine].tolist(), strict=True))

    def __len__(self) -> int:
        return len(self.batch_sizes)


def balanced(count: int, most: int) -> list[int]:
    """`count` in the fewest parts of at most `most`, the larger parts first, sizes differing by at most one."""
    parts = -(-count // most)
    return [count // parts + (part < count % parts) for part in range(parts)]


def training_loader(
    pixels: Pixels, cache_indices: Indices, augment: Augment | None, order: EpochOrder, workers: int
) -> DataLoader:
    """Yields (images uint8 (batch, channels, height, width), index int64 (batch,) into `cache_indices`).

    Set `order.epoch` before iterating. Workers stay for the next epoch.
    """
    return _loader(TrainingImages(pixels, cache_indices, augment), order, workers)


def evaluation_loader(pixels: Pixels, cache_indices: Indices, batch_size: int, workers: int) -> DataLoader:
    """Yields (images uint8 (batch, channels, height, width), index int64 (batch,) into `cache_indices`), in order."""
    batches = BatchSampler(SequentialSampler(range(len(cache_indices))), batch_size, drop_last=False)
    return _loader(EvaluationImages(pixels, cache_indices), batches, workers)


class _Loader(DataLoader):
    """A Refusal of a worker says what it said there; torch would put the worker's traceback before it."""

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        return _as_refused(super().__iter__())


def _as_refused(batches: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from batches
    except Refusal as refusal:
        raise Refusal(str(refusal).rpartition("Refusal: ")[2].strip()) from None


def _loader(images: Dataset, batches: Sampler[Any], workers: int) -> DataLoader:
    return _Loader(
        images,
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=lambda batch: batch,  # The dataset collates itself.
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_one_thread,
        persistent_workers=workers > 0,
        # Seeds for the workers, who need none, come from here: drawn from torch's own generator, as by default, they
        # would move dropout's numbers, more or less often depending on the workers.
        generator=torch.Generator(),
        # Forked workers share the memory-mapped pixels; any other way would send each a copy.
        multiprocessing_context=WakingForks() if workers else None,
    )


def _one_thread(worker: int) -> None:
    """OpenCV's threads do not survive a fork, and workers are parallel enough."""
    cv2.setNumThreads(0)
    die_with_pool()
