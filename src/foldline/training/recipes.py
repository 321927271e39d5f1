"""Part `train.augmentation`: a recipe by name, and transforms of albumentations as they are described there."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, PositiveInt

from foldline.files.refusal import Refusal
from foldline.params.kinds import union_of
from foldline.params.section import FractionBelowOne
from foldline.training.train_part import Kind, OwnKind

if TYPE_CHECKING:
    from foldline.training.augmentation import Image, Transforms
else:
    Image = Transforms = Any

Change = Callable[[Image, np.random.Generator], Image]
FLIPS = ("horizontal_flip", "vertical_flip", "rotate_180")


class Recipe(Kind):
    """What is drawn for each training image: one of the card's symmetries (or none), then the recipe's transforms."""

    symmetries: ClassVar[Sequence[str] | None] = None
    """Those that are drawn whatever the card's; each equally likely, so that two flips are each as likely as not."""

    moves: ClassVar[bool] = True
    """Whether it does what a card may forbid; of a recipe of one's own its author knows."""

    def unsafe(self, allowed: Sequence[str] | None) -> list[str]:
        """What it does that a card with these `symmetries` says to change what the label says."""
        if allowed is None:
            return ["movements"] if self.moves else []
        return [name for name in self.symmetries or () if name not in allowed]

    def transforms(self, height: int, width: int, coloured: bool) -> Transforms:
        """For images of this size; `coloured`: whether they are RGB."""
        return []


class NoRecipe(Recipe):
    """Not even the card's symmetries."""

    kind: Literal["none"]
    symmetries: ClassVar[Sequence[str] | None] = ()
    moves: ClassVar[bool] = False


class Light(Recipe):
    """Small movements and changes of light: safe for almost anything, characters included."""

    kind: Literal["light"]

    def transforms(self, height: int, width: int, coloured: bool) -> Transforms:
        from foldline.training.augmentation import albumentations, move

        return [
            move(translate_fraction=0.06, scale=0.1, rotate_degrees=10.0, shear_degrees=0.0, probability=0.8),
            albumentations.RandomBrightnessContrast(brightness_limit=0.1, contrast_limit=0.1, p=0.5),
        ]


class Medium(Recipe):
    """For photographs: crops of at least 60 % of the area, movements, colours, a few holes."""

    kind: Literal["medium"]

    def transforms(self, height: int, width: int, coloured: bool) -> Transforms:
        from foldline.training.augmentation import albumentations, holes, light_and_colour, move

        return [
            albumentations.RandomResizedCrop(size=(height, width), scale=(0.6, 1.0), ratio=(0.8, 1.25)),
            move(translate_fraction=0.05, scale=0.1, rotate_degrees=15.0, shear_degrees=0.0, probability=0.5),
            light_and_colour(0.2, coloured),
            holes(0.3),
        ]


class Heavy(Recipe):
    """For long training on photographs: crops of at least 35 % of the area, strong movements, colours, blur, noise."""

    kind: Literal["heavy"]

    def transforms(self, height: int, width: int, coloured: bool) -> Transforms:
        from foldline.training.augmentation import albumentations, holes, light_and_colour, move

        blur_or_noise = [albumentations.GaussianBlur(), albumentations.GaussNoise(std_range=(0.02, 0.1))]
        return [
            albumentations.RandomResizedCrop(size=(height, width), scale=(0.35, 1.0)),
            move(translate_fraction=0.1, scale=0.2, rotate_degrees=25.0, shear_degrees=8.0, probability=0.7),
            light_and_colour(0.35, coloured),
            albumentations.OneOf(blur_or_noise, p=0.3),
            holes(0.5),
        ]


class D4(Recipe):
    """The eight symmetries of the square and nothing else."""

    kind: Literal["d4"]
    symmetries: ClassVar[Sequence[str] | None] = (*FLIPS, "rotate_90", "rotate_270", "transpose", "transverse")


class StudyLight(Recipe):
    """Horizontal and vertical flips, and both at once."""

    kind: Literal["study_light"]
    symmetries: ClassVar[Sequence[str] | None] = FLIPS


class StudyHeavy(Recipe):
    """The flips of `study_light`, movement, colour, and masks that set blocks of 4 x 4 pixels to zero in all
    channels."""

    kind: Literal["study_heavy"]
    symmetries: ClassVar[Sequence[str] | None] = FLIPS

    def transforms(self, height: int, width: int, coloured: bool) -> Transforms:
        from foldline.training.augmentation import albumentations, light_and_colour, move

        cells = (max(width // 4, 1), max(height // 4, 1))
        return [
            move(translate_fraction=0.1, scale=0.2, rotate_degrees=20.0, shear_degrees=5.0, probability=0.7),
            light_and_colour(0.3, coloured),
            albumentations.GridDropout(ratio=0.5, holes_number_xy=cells, random_offset=True, p=0.5),
        ]


class Mask(Recipe):
    """The card's symmetries; then each block of `block_pixels` x `block_pixels` is set to zero, in all channels, with
    `probability`. Blocks are counted from the upper left corner; those at the other edges may be cut (M. Vozár,
    "Classification Task on CIFAR-10": 4, 2 and 1 pixels at .5, .7 and .9)."""

    kind: Literal["mask"]
    probability: FractionBelowOne
    block_pixels: PositiveInt
    moves: ClassVar[bool] = False

    def transforms(self, height: int, width: int, coloured: bool) -> Transforms:
        if self.block_pixels > min(height, width):
            raise Refusal(
                f"train.augmentation.recipe.block_pixels is {self.block_pixels}, but images are {height} x {width} "
                f"pixels. Set it to {min(height, width)} or less."
            )
        return [DrawnTransform(self.masked)]

    def masked(self, image: Image, generator: np.random.Generator) -> Image:
        size = self.block_pixels
        height, width = image.shape[:2]
        blocks = generator.random((-(-height // size), -(-width // size))) < self.probability
        return image * ~blocks.repeat(size, 0).repeat(size, 1)[:height, :width, np.newaxis]


class OwnRecipe(Recipe, OwnKind):
    """A class of one's own: `name(**keys)` gives what is called with an image (height, width, channels), uint8 or
    float32 in 0..1, and NumPy's random generator, and returns such an image. Whether it is safe, its author knows."""

    moves: ClassVar[bool] = False

    def transforms(self, height: int, width: int, coloured: bool) -> Transforms:
        return [DrawnTransform(self.checked(self.made("an image")))]

    def checked(self, change: Change) -> Change:
        def checked_change(image: Image, generator: np.random.Generator) -> Image:
            with self.blamed():
                changed = change(image, generator)
            if not isinstance(changed, np.ndarray) or (changed.shape, changed.dtype) != (image.shape, image.dtype):
                made = (
                    f"{changed.shape}, {changed.dtype}" if isinstance(changed, np.ndarray) else type(changed).__name__
                )
                raise self.refusal(f"makes {made} of an image of {image.shape}, {image.dtype}: it must keep both.")
            return np.ascontiguousarray(changed)

        return checked_change


class DrawnTransform:
    """A function of an image and a random generator, as albumentations' transforms are called."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._random = np.random.default_rng(0)

    def set_random_state(self, generator: np.random.Generator, random: object) -> None:
        self._random = generator

    def __call__(self, image: Image) -> dict[str, Image]:
        return {"image": self._change(image, self._random)}


Recipes = Annotated[Recipe, union_of("foldline.training.recipes", Recipe)]


def _kind_of(recipe: Any) -> Any:
    """A name alone is a kind without further keys."""
    return {"kind": recipe} if isinstance(recipe, str) else recipe


Transform = Annotated[dict[str, dict[str, Any]], Field(min_length=1, max_length=1)]
"""`{GaussianBlur: {p: 0.3}}`."""


class Augmentation(Kind):
    recipe: Annotated[Recipes, BeforeValidator(_kind_of)]
    """Its name, or what is one's own."""
    transforms: tuple[Transform, ...]
    """What follows the recipe: `[{GaussianBlur: {p: 0.3}}]`; [] for nothing."""
