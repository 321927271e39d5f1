"""Part `train.augmentation`: a recipe by name, and transforms of albumentations as they are described there."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from foldline.params.section import Section

Recipe = Literal["none", "light", "medium", "heavy", "d4", "study_light", "study_heavy"]
"""Beside a recipe the card's symmetries are drawn; beside `none` they are not. d4: the eight of the square and nothing
else. study_light: document 004's two flips and nothing else; study_heavy: movements, colours and holes beside them."""
FLIPS = ("horizontal_flip", "vertical_flip", "rotate_180")
NEEDED_SYMMETRIES: Mapping[str, tuple[str, ...]] = {
    "d4": (*FLIPS, "rotate_90", "rotate_270", "transpose", "transverse"),
    "study_light": FLIPS,
    "study_heavy": FLIPS,
}
"""Those that a recipe draws whatever the card's; each evenly, so that two flips are each as likely as not."""
Transform = Annotated[dict[str, dict[str, Any]], Field(min_length=1, max_length=1)]
"""`{GaussianBlur: {p: 0.3}}`."""


class Augmentation(Section):
    recipe: Recipe
    transforms: tuple[Transform, ...]
    """What follows the recipe: `[{GaussianBlur: {p: 0.3}}]`; [] for nothing."""
