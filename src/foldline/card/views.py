"""Test-time views: functions from a batch of images to a batch of images, by names that say what they are made of.

A name is one or several parts joined by `+`, applied from left to right: `scale_125+horizontal_flip`. A part is a
symmetry of the square, of which a card lists those that keep a label true: they move pixels and change none, and those
that exchange height and width are for square images alone (foldline/experiment/fitting.py refuses others); one of the
five crops, a window of CROP_FRACTION of each side enlarged to the image's size; or `scale_<percent>`, the whole image
at that percentage of its size, which may be above 100. Crops and scales resample: their pixels are floats in 0..255.
A first part `soup` changes no pixel: the training's other model sees the view (foldline/training/soups.py).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

from jaxtyping import Float, Shaped
from pydantic import AfterValidator

from foldline.files.refusal import listed
from foldline.params.former_names import did_you_mean

if TYPE_CHECKING:
    from torch import Tensor
else:
    Tensor = Any  # Its start takes seconds, which the stage `check` has no use for.

Images = Shaped[Tensor, "batch channels height width"]
Resized = Float[Tensor, "batch channels new_height new_width"]
CROP_FRACTION = 7 / 8
"""Of each side: 224 of 256 pixels, as Krizhevsky, Sutskever and Hinton (2012) took their five crops."""
IDENTITY, SOUP = "identity", "soup"
SCALE = re.compile(r"scale_([1-9]\d{1,2})")
SCALE_PERCENT = range(25, 401)


@dataclass(frozen=True)
class Part:
    """One step of a view."""

    see: Callable[[Tensor], Tensor]
    undone_by: str | None = None
    """The name of the part that undoes it; None for one that loses pixels."""
    swaps_axes: bool = False
    percent: int = 100
    """The size at which the model sees the image."""


def scale(images: Images, percent: int) -> Resized:
    """The whole image at `percent` of its size, bilinear, smoothed before it shrinks."""
    height, width = (max(1, round(side * percent / 100)) for side in images.shape[-2:])
    return _resized(images, height, width)


def crop(images: Images, down: float, right: float) -> Float[Tensor, "batch channels height width"]:
    """A window of CROP_FRACTION of each side, enlarged to the image's size; 0 is top or left, 1 is bottom or right."""
    height, width = images.shape[-2:]
    tall, wide = max(1, round(height * CROP_FRACTION)), max(1, round(width * CROP_FRACTION))
    top, left = round((height - tall) * down), round((width - wide) * right)
    return _resized(images[..., top : top + tall, left : left + wide], height, width)


def _resized(images: Images, height: int, width: int) -> Resized:
    from torch.nn.functional import interpolate

    return interpolate(images.float(), (height, width), mode="bilinear", align_corners=False, antialias=True)


OF_THE_SQUARE: Mapping[str, Part] = {
    "horizontal_flip": Part(lambda images: images.flip(-1), "horizontal_flip"),
    "vertical_flip": Part(lambda images: images.flip(-2), "vertical_flip"),
    "rotate_90": Part(lambda images: images.rot90(1, (-2, -1)), "rotate_270", swaps_axes=True),
    "rotate_180": Part(lambda images: images.flip(-2, -1), "rotate_180"),
    "rotate_270": Part(lambda images: images.rot90(3, (-2, -1)), "rotate_90", swaps_axes=True),
    "transpose": Part(lambda images: images.transpose(-2, -1), "transpose", swaps_axes=True),
    "transverse": Part(lambda images: images.transpose(-2, -1).flip(-2, -1), "transverse", swaps_axes=True),
}
"""Rotations are anticlockwise. transpose and transverse mirror at the diagonals: from top left, from top right."""
WINDOWS: Mapping[str, Part] = {
    "crop_top_left": Part(partial(crop, down=0.0, right=0.0)),
    "crop_top_right": Part(partial(crop, down=0.0, right=1.0)),
    "crop_bottom_left": Part(partial(crop, down=1.0, right=0.0)),
    "crop_bottom_right": Part(partial(crop, down=1.0, right=1.0)),
    "crop_center": Part(partial(crop, down=0.5, right=0.5)),
}
PARTS: Mapping[str, Part] = {
    IDENTITY: Part(lambda images: images, IDENTITY),
    SOUP: Part(lambda images: images),
    **OF_THE_SQUARE,
    **WINDOWS,
}
SYMMETRIES, CROPS = tuple(OF_THE_SQUARE), tuple(WINDOWS)
if TYPE_CHECKING:
    Symmetry = str
else:
    Symmetry = Literal[SYMMETRIES]


def names_in(view: str) -> tuple[str, ...]:
    return tuple(view.split("+"))


def part_of(name: str) -> Part | None:
    """None where no part is called so."""
    found = SCALE.fullmatch(name)
    if found is None or int(found[1]) not in SCALE_PERCENT:
        return PARTS.get(name)
    percent = int(found[1])
    return Part(partial(scale, percent=percent), percent=percent)


def parts_of(view: str) -> tuple[Part, ...]:
    return tuple(part for name in names_in(view) if (part := part_of(name)) is not None)


def view_of(name: str) -> Callable[[Tensor], Tensor]:
    """The function of that name."""
    parts = parts_of(name)

    def view(images: Tensor) -> Tensor:
        for part in parts:
            images = part.see(images)
        return images

    return view


def is_of_soup(view: str) -> bool:
    return names_in(view)[0] == SOUP


def needs_squares(view: str) -> bool:
    """Whether one of its parts is for square images alone."""
    return any(part.swaps_axes for part in parts_of(view))


def is_scaled(view: str) -> bool:
    """Whether the model sees it at another size than the image's."""
    return any(part.percent != 100 for part in parts_of(view))


def cost_of(view: str) -> float:
    """The pixels that the model sees, relative to those of the image as it is."""
    cost = 1.0
    for part in parts_of(view):
        cost *= (part.percent / 100) ** 2
    return cost


def _known(view: str) -> str:
    names = names_in(view)
    unknown = [name for name in names if part_of(name) is None or (name == IDENTITY and len(names) > 1)]
    if unknown:
        raise ValueError(
            f"unknown view {unknown[0]!r}.{did_you_mean(unknown[0], (*SYMMETRIES, *CROPS))} Valid: identity alone, or, "
            f"joined by `+`: {listed((*SYMMETRIES, *CROPS), 20)}, "
            f"scale_<percent> ({SCALE_PERCENT[0]} to {SCALE_PERCENT[-1]}), and before them soup"
        )
    if SOUP in names[1:]:
        raise ValueError(f"`{view}`: soup is a view's first part, and there once: `soup+horizontal_flip`")
    undone = [f"{one}+{other}" for one, other in pairwise(names) if parts_of(one)[0].undone_by == other]
    if undone:
        raise ValueError(f"`{view}`: {listed(undone)} undoes itself. Leave both parts out, or write identity")
    return view


View = Annotated[str, AfterValidator(_known)]
