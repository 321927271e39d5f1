"""Batches of images from the pixel cache, as tensors."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Int64, Integer, Shaped
from torch import Tensor
from torch.utils.data import Dataset

from foldline.images.stores import CachedPixels

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
        images = gathered(self.pixels, self.positions[index])
        if self.augment is not None:
            for place, (_, seed) in enumerate(draws):
                images[place] = augmented(images[place], self.augment, seed)
        return channels_first(images), torch.from_numpy(index)


class EvaluationImages(Dataset):
    """Images as they are in the cache, by their index into `positions`."""

    def __init__(self, pixels: Pixels, positions: Positions) -> None:
        self.pixels = pixels
        self.positions = positions

    def __getitems__(self, index: Sequence[int]) -> tuple[Images, Index]:
        images = gathered(self.pixels, self.positions[np.asarray(index, np.int64)])
        return channels_first(images), torch.tensor(index, dtype=torch.int64)


def gathered(pixels: Pixels, positions: Positions) -> Shaped[np.ndarray, "batch height width channels"]:
    """A copy of the images at `positions`: uint8, or float32 of a cache of numbers."""
    images = pixels[positions]
    return images if images.dtype == np.uint8 else images.astype(np.float32)


def augmented(image: Image, augment: Augment, seed: int) -> Image:
    """albumentations takes numbers from 0 to 1."""
    return augment(image, seed) if image.dtype == np.uint8 else augment(image / 255, seed) * 255


def channels_first(images: Shaped[np.ndarray, "batch height width channels"]) -> Images:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
