"""Test-time views: functions from a batch of images to a batch of images, (batch, channels, height, width).

The symmetries of the square, of which a card lists those that keep a label true, move pixels and change none; those
that exchange height and width are for square images alone (`foldline/experiment/fitting.py` refuses others). Crops and
scales resample: their pixels are floats in 0..255. Names and costs: `foldline/card/view_names.py`.
"""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn.functional import interpolate

from foldline.card.view_names import CROP_SHARE, parts_of, scale_percent

Images = Shaped[Tensor, "batch channels height width"]
Turned = Shaped[Tensor, "batch channels width height"]
Enlarged = Float[Tensor, "batch channels height width"]
Resized = Float[Tensor, "batch channels new_height new_width"]
View = Callable[[Tensor], Tensor]


def identity(images: Images) -> Images:
    return images


def horizontal_flip(images: Images) -> Images:
    """Left becomes right."""
    return images.flip(-1)


def vertical_flip(images: Images) -> Images:
    """Top becomes bottom."""
    return images.flip(-2)


def rotate_90(images: Images) -> Turned:
    return torch.rot90(images, 1, (-2, -1))


def rotate_180(images: Images) -> Images:
    return images.flip(-2, -1)


def rotate_270(images: Images) -> Turned:
    return torch.rot90(images, 3, (-2, -1))


def transpose(images: Images) -> Turned:
    """Mirror at the diagonal from top left to bottom right."""
    return images.transpose(-2, -1)


def transverse(images: Images) -> Turned:
    """Mirror at the diagonal from top right to bottom left."""
    return images.transpose(-2, -1).flip(-2, -1)


def scale(images: Images, percent: int) -> Resized:
    """The whole image at `percent` of its size, bilinear, smoothed before it shrinks."""
    height, width = (max(1, round(side * percent / 100)) for side in images.shape[-2:])
    return _resized(images, height, width)


def crop(images: Images, down: float, right: float) -> Enlarged:
    """A window of CROP_SHARE of each side, enlarged to the image's size; 0 is top or left, 1 is bottom or right."""
    height, width = images.shape[-2:]
    tall, wide = max(1, round(height * CROP_SHARE)), max(1, round(width * CROP_SHARE))
    top, left = round((height - tall) * down), round((width - wide) * right)
    return _resized(images[..., top : top + tall, left : left + wide], height, width)


def _resized(images: Images, height: int, width: int) -> Resized:
    return interpolate(images.float(), (height, width), mode="bilinear", align_corners=False, antialias=True)


SYMMETRIES: Mapping[str, View] = {
    view.__name__: view
    for view in (
        identity,
        horizontal_flip,
        vertical_flip,
        rotate_90,
        rotate_180,
        rotate_270,
        transpose,
        transverse,
    )
}
CROPS: Mapping[str, View] = {
    "crop_top_left": partial(crop, down=0.0, right=0.0),
    "crop_top_right": partial(crop, down=0.0, right=1.0),
    "crop_bottom_left": partial(crop, down=1.0, right=0.0),
    "crop_bottom_right": partial(crop, down=1.0, right=1.0),
    "crop_center": partial(crop, down=0.5, right=0.5),
}


def view_of(name: str) -> View:
    """The view that foldline/card/view_names.py describes by this name."""
    steps = [_step(part) for part in parts_of(name)]

    def view(images: Tensor) -> Tensor:
        for step in steps:
            images = step(images)
        return images

    return view


def _step(part: str) -> View:
    percent = scale_percent(part)
    if percent is not None:
        return partial(scale, percent=percent)
    return SYMMETRIES[part] if part in SYMMETRIES else CROPS[part]
