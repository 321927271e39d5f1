"""The names of test-time views, what they may be made of, and what each costs.

A name is one or several parts joined by `+`, applied from left to right: `scale_125+horizontal_flip`. A part is
a symmetry of the square; one of the five crops, a window of CROP_SHARE of each side enlarged to the image's size;
or `scale_<percent>`, the whole image at that share of its size, which may be more than 100.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator

from foldline.files.refusal import listed

Symmetry = Literal[
    "horizontal_flip", "vertical_flip", "rotate_90", "rotate_180", "rotate_270", "transpose", "transverse"
]
"""Rotations are anticlockwise. transpose and transverse mirror at the diagonals."""
Crop = Literal["crop_top_left", "crop_top_right", "crop_bottom_left", "crop_bottom_right", "crop_center"]

SYMMETRIES: tuple[str, ...] = get_args(Symmetry)
CROPS: tuple[str, ...] = get_args(Crop)
CROP_SHARE = 7 / 8
"""Of each side: 224 of 256 pixels, as Krizhevsky, Sutskever and Hinton (2012) took their five crops."""
SCALE = re.compile(r"scale_([1-9]\d{1,2})")
SCALE_PERCENT = range(25, 401)
INVERSES: Mapping[str, str] = {name: name for name in ("identity", *SYMMETRIES)} | {
    "rotate_90": "rotate_270",
    "rotate_270": "rotate_90",
}
SWAPS_AXES = ("rotate_90", "rotate_270", "transpose", "transverse")


def parts_of(view: str) -> tuple[str, ...]:
    return tuple(view.split("+"))


def scale_percent(part: str) -> int | None:
    """Of a part `scale_<percent>`; None for any other."""
    found = SCALE.fullmatch(part)
    return int(found[1]) if found else None


def is_scaled(view: str) -> bool:
    """Whether the model sees it at another size than the image's."""
    return any(scale_percent(part) not in (None, 100) for part in parts_of(view))


def inverse_of(view: str) -> str | None:
    """The name of the view that undoes it; None for a view that loses pixels: crops and scales."""
    parts = parts_of(view)
    if not all(part in INVERSES for part in parts):
        return None
    return "+".join(INVERSES[part] for part in reversed(parts))


def cost_of(view: str) -> float:
    """The pixels that the model sees, relative to those of the image as it is."""
    cost = 1.0
    for part in parts_of(view):
        cost *= ((scale_percent(part) or 100) / 100) ** 2
    return cost


def _known(view: str) -> str:
    unknown = [part for part in parts_of(view) if not _is_part(part)]
    if unknown and view != "identity":
        raise ValueError(
            f"`{view}`: {listed(unknown)} is no view. Views are identity, and these, joined by `+` or alone: "
            f"{listed((*SYMMETRIES, *CROPS), 20)}, scale_<percent> ({SCALE_PERCENT[0]} to {SCALE_PERCENT[-1]})"
        )
    parts = parts_of(view)
    undone = [f"{one}+{other}" for one, other in pairwise(parts) if inverse_of(one) == other]
    if undone:
        raise ValueError(f"`{view}`: {listed(undone)} undoes itself. Leave both parts out, or write identity")
    return view


def _is_part(part: str) -> bool:
    return part in SYMMETRIES or part in CROPS or scale_percent(part) in SCALE_PERCENT


View = Annotated[str, AfterValidator(_known)]
