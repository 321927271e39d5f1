"""The card's symmetries as functions of one image."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

Image = UInt8[np.ndarray, "height width channels"] | Float32[np.ndarray, "height width channels"]
"""Bytes, or numbers in 0..1."""
Turn = Callable[[Image], np.ndarray]

TURNS: Mapping[str, Turn] = {
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

SIDE_SWAPPING = {"rotate_90", "rotate_270", "transpose", "transverse"}
