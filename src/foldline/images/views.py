"""Test-time views: functions from a batch of images to a batch of images, (batch, channels, height, width).

The eight symmetries of the square, of which a card lists those that keep a label true; rotations are anticlockwise.
Those that exchange height and width are for square images alone: `foldline/cards/fitting.py` refuses others.
`INVERSES` names for each the view that undoes it.
"""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Shaped
from torch import Tensor

Images = Shaped[Tensor, "batch channels height width"]
Turned = Shaped[Tensor, "batch channels width height"]
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


VIEWS: Mapping[str, View] = {
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

INVERSES: Mapping[str, str] = {name: name for name in VIEWS} | {"rotate_90": "rotate_270", "rotate_270": "rotate_90"}
