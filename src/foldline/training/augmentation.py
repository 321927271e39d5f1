"""Random changes of a training image by recipe, each a function of the image and its seed alone."""

import difflib
import os
import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np

# At import, albumentations looks its newest version up on the network unless told not to.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations
import cv2

from foldline.files.refusal import Refusal, listed
from foldline.training import augmentation_section as config
from foldline.training.drawing import GeneratorRandom
from foldline.training.turns import SIDE_SWAPPING, TURNS, Image, Turn

Transforms = Sequence[albumentations.BasicTransform | albumentations.BaseCompose]


class Augmentation:
    """`augmentation(image, seed)`: one of the allowed symmetries (or none, all equally likely), then the recipe.

    Seeded image by image, so that neither the batch, nor the worker, nor the number of processes matters. One random
    generator for all transforms makes this cheap: albumentations' own way (`set_random_seed`) builds two for every
    transform and halves the rate. Its `Compose` is left out too: what it checks of every image, `checked` has seen.
    """

    def __init__(self, transforms: Transforms, turns: Sequence[Turn]) -> None:
        self._turns = (None, *turns)
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
        turn = self._turns[int(self._random.random() * len(self._turns))]
        if turn is not None:
            image = turn(image).reshape(image.shape)
        for transform in self.transforms:
            image = transform(image=image)["image"]
        return image


def build_augmentation(
    section: config.Augmentation, shape: tuple[int, int, int], symmetries: Sequence[str]
) -> Augmentation | None:
    """The augmentation of images of `shape` (height, width, channels), None where there is none.

    Of an oblong image, only the `symmetries` that keep its shape are drawn. Raises Refusal for a transform that
    albumentations does not know, or does not take as described, or that changes the shape.
    """
    height, width, channels = shape
    described = [described_transform(transform) for transform in section.transforms]
    if section.recipe == "none":
        return checked(Augmentation(described, []), shape) if described else None
    drawn = config.NEEDED_SYMMETRIES.get(section.recipe, symmetries)
    turns = [TURNS[name] for name in drawn if height == width or name not in SIDE_SWAPPING]
    transforms = [*RECIPES[section.recipe](height, width, channels == 3), *described]
    return checked(Augmentation(transforms, turns), shape)


def described_transform(description: config.Transform) -> albumentations.BasicTransform:
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
    except (TypeError, ValueError, UserWarning) as error:
        raise Refusal(
            f"train.augmentation.transforms: `{name}` cannot be had with the options {options} ({error})."
        ) from None


def checked(augment: Augmentation, shape: tuple[int, int, int]) -> Augmentation:
    """Raises Refusal when an image does not keep its shape and type."""
    try:
        drawn = augment(np.zeros(shape, np.uint8), 0)
    except (TypeError, ValueError, cv2.error) as error:
        raise Refusal(f"train.augmentation.transforms fail on an image of {shape}: {error}") from None
    if drawn.shape != shape or drawn.dtype != np.uint8:
        raise Refusal(
            f"train.augmentation.transforms make an image of {drawn.shape}, {drawn.dtype}, of one of {shape}, uint8. "
            "Leave out what changes the size or the type."
        )
    return augment


def light(height: int, width: int, coloured: bool) -> Transforms:
    """Small movements and changes of light: safe for almost anything, characters included."""
    return [
        move(translate_share=0.06, scale=0.1, rotate_degrees=10.0, shear_degrees=0.0, probability=0.8),
        albumentations.RandomBrightnessContrast(brightness_limit=0.1, contrast_limit=0.1, p=0.5),
    ]


def medium(height: int, width: int, coloured: bool) -> Transforms:
    """For photographs: crops of at least 60 % of the area, movements, colours, a few holes."""
    return [
        albumentations.RandomResizedCrop(size=(height, width), scale=(0.6, 1.0), ratio=(0.8, 1.25)),
        move(translate_share=0.05, scale=0.1, rotate_degrees=15.0, shear_degrees=0.0, probability=0.5),
        light_and_colour(0.2, coloured),
        holes(0.3),
    ]


def heavy(height: int, width: int, coloured: bool) -> Transforms:
    """For long training on photographs: crops of at least 35 % of the area, strong movements, colours, blur, noise."""
    return [
        albumentations.RandomResizedCrop(size=(height, width), scale=(0.35, 1.0)),
        move(translate_share=0.1, scale=0.2, rotate_degrees=25.0, shear_degrees=8.0, probability=0.7),
        light_and_colour(0.35, coloured),
        albumentations.OneOf([albumentations.GaussianBlur(), albumentations.GaussNoise(std_range=(0.02, 0.1))], p=0.3),
        holes(0.5),
    ]


def symmetries_only(height: int, width: int, coloured: bool) -> Transforms:
    return []


def study_heavy(height: int, width: int, coloured: bool) -> Transforms:
    """Document 004 lists its light transforms, two flips, and of its heavy ones no more than masks that set blocks of
    4 x 4 pixels to zero in all channels: movement and colour are ours."""
    cells = (max(width // 4, 1), max(height // 4, 1))
    return [
        move(translate_share=0.1, scale=0.2, rotate_degrees=20.0, shear_degrees=5.0, probability=0.7),
        light_and_colour(0.3, coloured),
        albumentations.GridDropout(ratio=0.5, holes_number_xy=cells, random_offset=True, p=0.5),
    ]


RECIPES: Mapping[config.Recipe, Callable[[int, int, bool], Transforms]] = {
    "light": light,
    "medium": medium,
    "heavy": heavy,
    "d4": symmetries_only,
    "study_light": symmetries_only,
    "study_heavy": study_heavy,
}


def move(
    translate_share: float, scale: float, rotate_degrees: float, shear_degrees: float, probability: float
) -> albumentations.BasicTransform:
    """Shift, zoom, rotate and shear, each drawn evenly from plus or minus its limit; mirrored at the edges."""
    return albumentations.Affine(
        translate_percent=(-translate_share, translate_share),
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
