"""Random changes of a training image, each a function of the image and its seed alone: symmetries, then transforms."""

import difflib
import os
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import numpy as np
from jaxtyping import Float32, UInt8

# At import, albumentations looks its newest version up on the network unless told not to.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations
import cv2

from foldline.card.views import needs_squares
from foldline.files.refusal import Refusal, listed
from foldline.pixels.loaders import augmented
from foldline.training import recipes

Image = UInt8[np.ndarray, "height width channels"] | Float32[np.ndarray, "height width channels"]
"""Bytes, or numbers in 0..1."""
Symmetry = Callable[[Image], np.ndarray]

SYMMETRIES: Mapping[str, Symmetry] = {
    "horizontal_flip": lambda image: cv2.flip(image, 1),
    "vertical_flip": lambda image: cv2.flip(image, 0),
    "rotate_90": lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
    "rotate_180": lambda image: cv2.rotate(image, cv2.ROTATE_180),
    "rotate_270": lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    "transpose": lambda image: cv2.transpose(image),
    "transverse": lambda image: cv2.flip(cv2.transpose(image), -1),
}
"""The card's symmetries, under its names; rotations are counter-clockwise. OpenCV copies ten times faster than NumPy,
and drops a single channel's axis."""


DRAWN_AHEAD = 32
"""Numbers that one image rarely exceeds; further ones are drawn one by one."""
RANDOM_BITS = 53
"""Of one number in 0..1: its highest ones are as random as any."""
Transforms = Sequence[albumentations.BasicTransform | albumentations.BaseCompose | recipes.DrawnTransform]


class GeneratorRandom(random.Random):
    """`random.Random` fed by a NumPy generator.

    Seeding Python's own (the 2.5 KB of a Mersenne Twister) takes as long as drawing all that one image needs. Call
    `restart` whenever the generator was seeded.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        super().__init__(0)
        self._generator = generator
        self.restart()

    def restart(self) -> None:
        """Forget what was drawn before."""
        ahead = self._generator.random(DRAWN_AHEAD).tolist()
        # A method of the instance, since an iterator's `__next__` is ten times as fast as a call of one of Python's.
        self.random = chain(ahead, iter(self._generator.random, None)).__next__
        self.gauss_next = None

    def getrandbits(self, k: int, /) -> int:
        """What integers, choices and shuffles are made of."""
        if k <= RANDOM_BITS:
            return int(self.random() * (1 << k))
        return int.from_bytes(self._generator.bytes(-(-k // 8)), "little") >> (-k % 8)


class Augmentation:
    """`augmentation(image, seed)`: one of the allowed symmetries (or none, all equally likely), then the recipe.

    Seeded image by image, so that neither the batch, nor the worker, nor the number of processes matters. One random
    generator for all transforms makes this cheap: albumentations' own way (`set_random_seed`) builds two for every
    transform and halves the rate. Its `Compose` is left out too: what it checks of each image, `refuse_unfit` has seen.
    """

    def __init__(self, transforms: Transforms, symmetries: Sequence[Symmetry]) -> None:
        self._symmetries = (None, *symmetries)
        self._philox = np.random.Philox(0)
        self._start = self._philox.state
        generator = np.random.Generator(self._philox)
        self._random = GeneratorRandom(generator)
        self.transforms = tuple(transforms)
        for transform in self.transforms:
            transform.set_random_state(generator, self._random)

    def __call__(self, image: Image, seed: int) -> Image:
        """`seed`: 0 .. 2**64 - 1."""
        self._start["state"]["key"][0] = seed
        self._philox.state = self._start
        self._random.restart()
        symmetry = self._symmetries[int(self._random.random() * len(self._symmetries))]
        if symmetry is not None:
            image = symmetry(image).reshape(image.shape)
        for transform in self.transforms:
            image = transform(image=image)["image"]
        return image


def build_augmentation(
    section: recipes.Augmentation, shape: tuple[int, int, int], symmetries: Sequence[str]
) -> Augmentation | None:
    """The augmentation of images of `shape` (height, width, channels), None where there is none.

    Of an oblong image, only the `symmetries` that keep its shape are drawn. Raises Refusal for a transform that
    albumentations does not know, or does not take as described, or that changes the shape.
    """
    height, width, channels = shape
    recipe = section.recipe
    drawn = symmetries if recipe.symmetries is None else recipe.symmetries
    allowed = [SYMMETRIES[name] for name in drawn if height == width or not needs_squares(name)]
    described = [described_transform(transform) for transform in section.transforms]
    transforms = [*recipe.transforms(height, width, channels == 3), *described]
    if not (transforms or allowed):
        return None
    augmentation = Augmentation(transforms, allowed)
    refuse_unfit(augmentation, np.zeros(shape, np.uint8), 0)
    return augmentation


def described_transform(description: recipes.Transform) -> albumentations.BasicTransform:
    """`{GaussianBlur: {p: 0.3}}`: albumentations' class and what it is called with."""
    ((name, options),) = description.items()
    kind = getattr(albumentations, name, None)
    if not isinstance(kind, type) or not issubclass(kind, albumentations.BasicTransform):
        known = [
            known
            for known, value in vars(albumentations).items()
            if isinstance(value, type) and issubclass(value, albumentations.BasicTransform)
        ]
        close = difflib.get_close_matches(name, known, n=5) or sorted(known)
        raise Refusal(f"train.augmentation.transforms: albumentations knows no `{name}`. Close: {listed(close)}.")
    try:
        with warnings.catch_warnings():
            # Of an unknown option, albumentations only warns.
            warnings.simplefilter("error", UserWarning)
            return kind(**options)
    except Exception as error:
        raise Refusal(
            f"train.augmentation.transforms: `{name}` cannot be had with the options {options} ({error})."
        ) from None


def refuse_unfit(augment: Augmentation, image: Image, seed: int) -> None:
    """Raises Refusal when the image, as the cache has it, cannot be augmented or does not keep its shape and type."""
    try:
        changed = augmented(augment, image, seed)
    except Refusal:
        raise
    except Exception as error:
        raise Refusal(
            f"train.augmentation fails on an image of {image.shape}, {image.dtype} ({type(error).__name__}: {error}). "
            "Leave out what cannot change such images."
        ) from None
    if (changed.shape, changed.dtype) != (image.shape, image.dtype):
        raise Refusal(
            f"train.augmentation makes an image of {changed.shape}, {changed.dtype}, of one of {image.shape}, "
            f"{image.dtype}. Leave out what changes the size or the type."
        )


def move(
    translate_fraction: float, scale: float, rotate_degrees: float, shear_degrees: float, probability: float
) -> albumentations.BasicTransform:
    """Shift, zoom, rotate and shear, each drawn uniformly from plus or minus its limit; mirrored at the edges."""
    return albumentations.Affine(
        translate_percent=(-translate_fraction, translate_fraction),
        scale=(1 - scale, 1 + scale),
        rotate=(-rotate_degrees, rotate_degrees),
        shear=(-shear_degrees, shear_degrees),
        border_mode=cv2.BORDER_REFLECT_101,
        p=probability,
    )


def light_and_colour(limit: float, coloured: bool) -> albumentations.BasicTransform:
    """Brightness and contrast, and for RGB saturation and a quarter as much hue."""
    if not coloured:
        return albumentations.RandomBrightnessContrast(brightness_limit=limit, contrast_limit=limit, p=0.8)
    bounds = (1 - limit, 1 + limit)
    return albumentations.ColorJitter(
        brightness=bounds, contrast=bounds, saturation=bounds, hue=(-limit / 4, limit / 4), p=0.8
    )


def holes(probability: float) -> albumentations.BasicTransform:
    """One to four black rectangles, a tenth to a quarter of each side."""
    return albumentations.CoarseDropout(
        num_holes_range=(1, 4), hole_height_range=(0.1, 0.25), hole_width_range=(0.1, 0.25), p=probability
    )
