"""Batches of images from the pixel cache, as tensors."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import cv2
import numpy as np
import torch
from jaxtyping import Int64, Integer, Shaped
from torch import Tensor
from torch.utils.data import Dataset

from foldline.pixels.stores import CachedPixels

Pixels = CachedPixels
Positions = Integer[np.ndarray, " images"]
Image = Shaped[np.ndarray, "h w c"]
"""uint8, or float32 of a cache of numbers, whose range is 0..255 (0..1 while it is augmented)."""
Augment = Callable[[Image, int], Image]
Draw = tuple[int, int]
"""An index into `positions`, and the seed of this image's augmentation."""
Images = Shaped[Tensor, "batch channels height width"]
Index = Int64[Tensor, " batch"]


class TrainingImages(Dataset):
    """Augmented images. Everything random is in the draw: the same draw gives the same image, in whatever worker."""

    def __init__(self, pixels: Pixels, positions: Positions, augment: Augment | None) -> None:
        self.pixels = pixels
        self.positions = positions
        self.augment = augment

    def __getitems__(self, draws: Sequence[Draw]) -> tuple[Images, Index]:
        index = np.fromiter((index for index, _ in draws), np.int64, len(draws))
        images = images_at(self.pixels, self.positions[index])
        if self.augment is not None:
            images = map(partial(augmented, self.augment), images, (seed for _, seed in draws))
        return channels_first(images, self.pixels, len(draws)), torch.from_numpy(index)


class EvaluationImages(Dataset):
    """Images as they are in the cache, by their index into `positions`."""

    def __init__(self, pixels: Pixels, positions: Positions) -> None:
        self.pixels = pixels
        self.positions = positions

    def __getitems__(self, index: Sequence[int]) -> tuple[Images, Index]:
        images = images_at(self.pixels, self.positions[np.asarray(index, np.int64)])
        return channels_first(images, self.pixels, len(index)), torch.tensor(index, dtype=torch.int64)


def images_at(pixels: Pixels, positions: Positions) -> Iterator[Image]:
    """Copies of the images at `positions`, one after the other: a second array as large as the batch would make the
    allocator fetch the same memory from the kernel again for each batch."""
    kind = loaded_type(pixels)
    return (np.array(pixels[position], kind) for position in positions.tolist())


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
