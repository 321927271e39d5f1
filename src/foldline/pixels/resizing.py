"""One size for every image: the section `prepare`, and the ways of resizing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from jaxtyping import Shaped
from pydantic import Field

from foldline.params.section import Fraction, Section
from foldline.pixels.stores import PixelStore, Store

Size = tuple[int, int]
"""Height and width in pixels."""


def squash(image: Size, target: Size) -> Size:
    """Both sides to size, whatever the aspect."""
    return target


def crop(image: Size, target: Size) -> Size:
    """The short side to size, then the centre at the target's aspect."""
    height, width = _at_scale(image, max(target[0] / image[0], target[1] / image[1]))
    return max(height, target[0]), max(width, target[1])


def pad(image: Size, target: Size) -> Size:
    """The whole image at the target's aspect, black next to it."""
    height, width = _at_scale(image, min(target[0] / image[0], target[1] / image[1]))
    return min(height, target[0]), min(width, target[1])


def _at_scale(image: Size, scale: float) -> Size:
    return max(1, round(image[0] * scale)), max(1, round(image[1] * scale))


Resize = Literal["squash", "crop", "pad"]
WAYS: Mapping[Resize, Callable[[Size, Size], Size]] = {"squash": squash, "crop": crop, "pad": pad}
"""From the sizes of an image and of the cache to that of the whole image before it is cropped or padded."""

BILINEAR_RATIO = 1.4
"""Up to this ratio of sizes, bilinear interpolation is as close to a Lanczos resize as any cheap way."""
SUPERSAMPLED_RATIO = 4
"""Up to this ratio of sizes, two bilinear samples per output pixel and axis miss no source pixel."""

OPENCV_CHANNELS = 4
"""Its resizing takes no more."""


PIXELS = PixelStore(kind="pixels")


@dataclass(frozen=True)
class PixelForm:
    """What every image of one cache looks like. `channels`: 3 is RGB, 1 is grey, others as the files have them."""

    height: int
    width: int
    channels: int
    resize: Resize
    range: tuple[float, float] | None = None
    """None: bytes. Else the numbers that are kept as 0 and 255, in float16."""
    store: Store = PIXELS

    @property
    def facts(self) -> dict[str, Any]:
        """What the pixels depend on, for the cache's key."""
        names = ("height", "width", "channels", "resize", "range")
        return {name: getattr(self, name) for name in names} | {"jpeg_quality": self.store.jpeg_quality}

    @property
    def dtype(self) -> Literal["uint8", "float16"]:
        return "uint8" if self.range is None else "float16"

    @property
    def bytes(self) -> int:
        return self.height * self.width * self.channels * np.dtype(self.dtype).itemsize

    @property
    def plane(self) -> "PixelForm":
        """Of one channel."""
        return replace(self, channels=1)


class Prepare(Section):
    """Section `prepare`: the size of the cached pixels, and what to do with images that cannot be read."""

    height_pixels: Annotated[int, Field(ge=1, le=4096)]
    width_pixels: Annotated[int, Field(ge=1, le=4096)]
    resize: Resize
    store: Store
    max_unreadable_fraction: Fraction
    """Up to this share of images may be unreadable; they are listed. Above it the stage refuses."""

    def unstorable(self, channels: int, value_range: tuple[float, float] | None, slug: str) -> Iterator[str]:
        """A message where the store cannot hold such images, those of the competition `slug`."""
        if not self.store.holds(channels, is_of_bytes=value_range is None):
            kept = f"{channels} channels of {'bytes' if value_range is None else 'numbers (layout.range)'}"
            yield (
                f"params.yaml: `prepare.store.kind` is {self.store.kind!r}, which holds bytes of 1 or 3 channels, but "
                f"{slug} has {kept}. Valid: 'pixels'."
            )

    def form(self, channels: int, value_range: tuple[float, float] | None) -> PixelForm:
        """channels, value_range: of the card's layout."""
        return PixelForm(self.height_pixels, self.width_pixels, channels, self.resize, value_range, self.store)


def scaled_size(height: int, width: int, form: PixelForm) -> Size:
    """The height and width, in pixels, that the whole image gets before it is cropped or padded."""
    return WAYS[form.resize]((height, width), (form.height, form.width))


def resized(pixels: Shaped[np.ndarray, "height width channels"], form: PixelForm) -> Shaped[np.ndarray, "h w channels"]:
    """The image in the size of `form`."""
    scaled = _scaled(pixels, *scaled_size(pixels.shape[0], pixels.shape[1], form))
    top, left = max(0, (scaled.shape[0] - form.height) // 2), max(0, (scaled.shape[1] - form.width) // 2)
    cropped = scaled[top : top + form.height, left : left + form.width]
    height, width = cropped.shape[:2]
    if (height, width) == (form.height, form.width):
        return cropped
    padded = np.zeros((form.height, form.width, pixels.shape[2]), pixels.dtype)
    top, left = (form.height - height) // 2, (form.width - width) // 2
    padded[top : top + height, left : left + width] = cropped
    return padded


def _scaled(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Much smaller without aliasing, else by bilinear interpolation.

    OpenCV's INTER_AREA costs as much as decoding the JPEG. Twice the size by bilinear interpolation, then the mean of
    2 x 2 pixels, is as close to an antialiased Lanczos resize (35 to 43 dB, plain bilinear 28 to 39) in a third of
    the time. OpenCV drops the axis of a single channel.
    """
    if pixels.shape[2] > OPENCV_CHANNELS:
        parts = np.split(pixels, range(OPENCV_CHANNELS, pixels.shape[2], OPENCV_CHANNELS), axis=2)
        return np.concatenate([_scaled(np.ascontiguousarray(part), height, width) for part in parts], axis=2)
    ratio = max(pixels.shape[0] / height, pixels.shape[1] / width)
    if pixels.shape[:2] == (height, width):
        return pixels
    if BILINEAR_RATIO < ratio <= SUPERSAMPLED_RATIO:
        twice = cv2.resize(pixels, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
        return np.atleast_3d(cv2.resize(twice, (width, height), interpolation=cv2.INTER_AREA))
    if ratio > SUPERSAMPLED_RATIO:
        # INTER_AREA turns into plain bilinear as soon as one side grows: shrink first what must shrink.
        smaller = min(width, pixels.shape[1]), min(height, pixels.shape[0])
        pixels = cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA)
    return np.atleast_3d(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR))
