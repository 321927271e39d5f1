"""Whether one small grey image is another one, re-encoded, resized, brightened or slightly cropped."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

from foldline.pixels.hashing import SIDE_PIXELS

NOISE_PIXELS = 1.0
"""Finer detail than this does not survive re-encoding and resizing."""
SHADING_PIXELS = 3.0
"""Coarser structure than this is shared by images of the same scene, frame or background."""
STARTS = (1.0, 0.94, 1 / 0.94)
"""As they are; the second image cropped by 3 % per side; the first one: from the wrong one the search may not end."""
STEPS = 15
SMALLEST_CHANGE = 1e-4
LARGEST_STRETCH = 0.16
"""Of the affine map: 3 % off each side stretch by 0.064; the rest is room for what small images cannot tell."""
LARGEST_SHIFT_FRACTION = 0.05
SAME_IMAGE = 0.85
CERTAIN = 0.985
"""Detail correlation with which two images are the same, whatever others of their kind reach."""


@dataclass(frozen=True)
class Alignment:
    """The best affine fit of one image onto another."""

    correlation: float
    """Of the pixels; blind to brightness and contrast."""
    detail_correlation: float
    """Of what remains without shading."""
    stretch: float
    shift_fraction: float

    @property
    def is_of_one_image(self) -> bool:
        """Whether the map is one that copying makes, and the whole images agree under it."""
        plausible = self.stretch <= LARGEST_STRETCH and self.shift_fraction <= LARGEST_SHIFT_FRACTION
        return plausible and self.correlation >= SAME_IMAGE


EVERYWHERE = np.ones((SIDE_PIXELS, SIDE_PIXELS), np.uint8)

Thumbnail = UInt8[np.ndarray, "32 32"]


def align(first: Thumbnail, second: Thumbnail) -> Alignment | None:
    """None where no map can be found (images with nothing in common, or with nothing on them).

    Source: Evangelidis and Psarakis, Parametric Image Alignment Using Enhanced Correlation Coefficient, 2008.
    """
    template, moving = _without_noise(first), _without_noise(second)
    best = None
    for stretch in STARTS:
        found = _align(template, moving, stretch)
        if found is not None and (best is None or found.detail_correlation > best.detail_correlation):
            best = found
        if best is not None and best.is_of_one_image and best.detail_correlation >= CERTAIN:
            break
    return best


def _align(template: np.ndarray, moving: np.ndarray, stretch: float) -> Alignment | None:
    """Starting from `moving` stretched about its centre."""
    middle = (SIDE_PIXELS - 1) / 2
    warp = np.array([[stretch, 0, middle * (1 - stretch)], [0, stretch, middle * (1 - stretch)]], np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, SMALLEST_CHANGE)
    try:
        # The smoothing filter of one pixel: none, noise is gone already.
        _, warp = cv2.findTransformECC(template, moving, warp, cv2.MOTION_AFFINE, criteria, EVERYWHERE, 1)
    except cv2.error:
        return None
    moved = _warped(moving, warp, cv2.INTER_LINEAR)
    inside = _warped(np.ones_like(moving), warp, cv2.INTER_NEAREST) > 0
    if not inside.any():
        return None
    centre = np.array([middle, middle, 1])
    return Alignment(
        correlation=_correlation(template[inside], moved[inside]),
        detail_correlation=_correlation(_detail(template)[inside], _detail(moved)[inside]),
        stretch=float(np.abs(warp[:, :2] - np.eye(2)).max()),
        shift_fraction=float(np.abs(warp @ centre - centre[:2]).max() / SIDE_PIXELS),
    )


def _warped(image: np.ndarray, warp: np.ndarray, interpolation: int) -> np.ndarray:
    return cv2.warpAffine(image, warp, (SIDE_PIXELS, SIDE_PIXELS), flags=interpolation | cv2.WARP_INVERSE_MAP)


def _without_noise(thumbnail: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(thumbnail.astype(np.float32), (0, 0), NOISE_PIXELS)


def _detail(image: np.ndarray) -> np.ndarray:
    return image - cv2.GaussianBlur(image, (0, 0), SHADING_PIXELS)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.vdot(first, second)) / scale if scale > 0 else 0.0
