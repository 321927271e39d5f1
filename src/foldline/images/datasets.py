"""Batches of images from the pixel cache, as tensors."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Int64, Integer, UInt8
from torch import Tensor
from torch.utils.data import Dataset

Pixels = UInt8[np.ndarray, "count height width channels"]
Positions = Integer[np.ndarray, " images"]
Augment = Callable[[UInt8[np.ndarray, "h w c"], int], UInt8[np.ndarray, "h w c"]]
Draw = tuple[int, int]
"""An index into `positions`, and the seed of this image's augmentation."""
Images = UInt8[Tensor, "batch channels height width"]
Index = Int64[Tensor, " batch"]


class TrainingImages(Dataset):
    """Augmented images. Everything random is in the draw: the same draw gives the same image, in whatever worker."""

    def __init__(self, pixels: Pixels, positions: Positions, augment: Augment | None) -> None:
        self.pixels = pixels
        self.positions = positions
        self.augment = augment

    def __getitems__(self, draws: Sequence[Draw]) -> tuple[Images, Index]:
        index = np.fromiter((index for index, _ in draws), np.int64, len(draws))
        images = self.pixels[self.positions[index]]
        if self.augment is not None:
            for place, (_, seed) in enumerate(draws):
                images[place] = self.augment(images[place], seed)
        return channels_first(images), torch.from_numpy(index)


class EvaluationImages(Dataset):
    """Images as they are in the cache, by their index into `positions`."""

    def __init__(self, pixels: Pixels, positions: Positions) -> None:
        self.pixels = pixels
        self.positions = positions

    def __getitems__(self, index: Sequence[int]) -> tuple[Images, Index]:
        images = self.pixels[self.positions[np.asarray(index, np.int64)]]
        return channels_first(images), torch.tensor(index, dtype=torch.int64)


def channels_first(images: UInt8[np.ndarray, "batch height width channels"]) -> Images:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
