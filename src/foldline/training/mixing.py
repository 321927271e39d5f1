"""Mixup and CutMix: a batch mixed with itself in another order, images, soft targets and side features alike."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from foldline.training.loss_section import BatchMixing, Mixing

Images = Shaped[Tensor, "batch channels height width"]
Beside = tuple[Float[Tensor, "batch _"], ...]
"""What goes with the images and is mixed in the same shares: soft targets, side features."""
Mix = Callable[[Images, Beside, np.random.Generator], tuple[Images, Beside]]


def build_mix(mixing: Mixing, epoch: int, epochs: int) -> Mix | None:
    """What is done to the batches of `epoch` (from 0) of `epochs`."""
    if not isinstance(mixing, BatchMixing) or epoch >= epochs - mixing.off_last_epochs:
        return None
    kinds = {"mixup": (mixup,), "cutmix": (cutmix,), "mixup_or_cutmix": (mixup, cutmix)}[mixing.kind]

    def mix(images: Images, beside: Beside, random: np.random.Generator) -> tuple[Images, Beside]:
        if random.random() >= mixing.probability:
            return images, beside
        kind = kinds[random.integers(len(kinds))]
        order = torch.from_numpy(random.permutation(len(images))).to(images.device)
        return kind(images, beside, order, random.beta(mixing.alpha, mixing.alpha), random)

    return mix


def mixup(
    images: Images, beside: Beside, order: Tensor, share: float, random: np.random.Generator
) -> tuple[Images, Beside]:
    """`share` of each image and target, the rest of another's (Zhang et al. 2018)."""
    return torch.lerp(images[order].float(), images.float(), share), _shared(beside, order, share)


def cutmix(
    images: Images, beside: Beside, order: Tensor, share: float, random: np.random.Generator
) -> tuple[Images, Beside]:
    """A rectangle of each image from another's at the same place, 1 - `share` of the area, centred anywhere and cut off
    at the edges; targets by the area that is left (Yun et al. 2019)."""
    height, width = images.shape[-2:]
    top, bottom = _interval(height, share, random)
    left, right = _interval(width, share, random)
    mixed = images.clone()
    mixed[..., top:bottom, left:right] = images[order][..., top:bottom, left:right]
    kept = 1 - (bottom - top) * (right - left) / (height * width)
    return mixed, _shared(beside, order, kept)


def _shared(beside: Beside, order: Tensor, share: float) -> Beside:
    return tuple(torch.lerp(values[order], values, share) for values in beside)


def _interval(length: int, share: float, random: np.random.Generator) -> tuple[int, int]:
    half = length * np.sqrt(1 - share) / 2
    center = random.integers(length)
    return max(round(center - half), 0), min(round(center + half), length)
