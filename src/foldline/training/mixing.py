"""Part `train.mixing`: a batch mixed with itself in another order, images, soft targets and tabular features alike."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float, Int64, Shaped
from pydantic import NonNegativeInt, PositiveFloat

from foldline.params.kinds import union_of
from foldline.params.section import Fraction
from foldline.training.train_part import Kind, Tensor

Images = Shaped[Tensor, "batch channels height width"]
Beside = tuple[Float[Tensor, "batch ..."], ...]
"""What goes with the images and is mixed in the same proportion: soft targets, weights, tabular features."""
Order = Int64[np.ndarray, " batch"]
Way = Callable[[Images, Beside, Order, float, np.random.Generator], tuple[Images, Beside]]
Mix = Callable[[Images, Beside, np.random.Generator], tuple[Images, Beside]]


def mixup(
    images: Images, beside: Beside, order: Order, kept: float, random: np.random.Generator
) -> tuple[Images, Beside]:
    """`kept` of each image and target, the rest of another's (Zhang et al. 2018)."""
    return images[order].float().lerp(images.float(), kept), _mixed(beside, order, kept)


def cutmix(
    images: Images, beside: Beside, order: Order, kept: float, random: np.random.Generator
) -> tuple[Images, Beside]:
    """A rectangle of each image from another's at the same place, 1 - `kept` of the area, centred anywhere and cut off
    at the edges; targets by the area that is left (Yun et al. 2019)."""
    height, width = images.shape[-2:]
    top, bottom = _interval(height, kept, random)
    left, right = _interval(width, kept, random)
    mixed = images.clone()
    mixed[..., top:bottom, left:right] = images[order][..., top:bottom, left:right]
    kept_area = 1 - (bottom - top) * (right - left) / (height * width)
    return mixed, _mixed(beside, order, kept_area)


def _mixed(beside: Beside, order: Order, kept: float) -> Beside:
    return tuple(values[order].lerp(values, kept) for values in beside)


def _interval(length: int, kept: float, random: np.random.Generator) -> tuple[int, int]:
    half = length * np.sqrt(1 - kept) / 2
    centre = random.integers(length)
    return max(round(centre - half), 0), min(round(centre + half), length)


class Mixing(Kind):
    mixes: ClassVar[bool] = True

    def mix(self, epoch: int, epochs: int) -> Mix | None:
        """What is done to the batches of `epoch` (from 0) of `epochs`."""
        raise NotImplementedError


class NoMixing(Mixing):
    kind: Literal["none"]
    mixes: ClassVar[bool] = False

    def mix(self, epoch: int, epochs: int) -> None:
        return None


class BatchMixing(Mixing):
    """The fraction that is kept comes from Beta(alpha, alpha); targets are mixed as their images are."""

    alpha: PositiveFloat
    probability: Fraction
    """Of a batch to be mixed."""
    off_last_epochs: NonNegativeInt
    """The last epochs see images as they are."""
    epoch_keys: ClassVar = ("off_last_epochs",)
    ways: ClassVar[tuple[Way, ...]]
    """One is drawn for each batch."""

    def mix(self, epoch: int, epochs: int) -> Mix | None:
        if epoch >= epochs - self.off_last_epochs:
            return None

        def mix(images: Images, beside: Beside, random: np.random.Generator) -> tuple[Images, Beside]:
            if random.random() >= self.probability:
                return images, beside
            way = self.ways[random.integers(len(self.ways))]
            order = random.permutation(len(images))
            return way(images, beside, order, random.beta(self.alpha, self.alpha), random)

        return mix


class Mixup(BatchMixing):
    """Each batch is mixed with itself in another order, by a weighted mean (Zhang et al. 2018)."""

    kind: Literal["mixup"]
    ways: ClassVar = (mixup,)


class CutMix(BatchMixing):
    """By a rectangle of each image from another's (Yun et al. 2019)."""

    kind: Literal["cutmix"]
    ways: ClassVar = (cutmix,)


class MixupOrCutMix(BatchMixing):
    """By either, drawn uniformly for each batch."""

    kind: Literal["mixup_or_cutmix"]
    ways: ClassVar = (mixup, cutmix)


Mixings = Annotated[Mixing, union_of("foldline.training.mixing", Mixing)]
