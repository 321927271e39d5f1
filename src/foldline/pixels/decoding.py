"""An image file's bytes become upright 8-bit pixels, or the reason why they cannot.

Pillow reads the header, but for that of a plain JPEG; OpenCV decodes what it reads exactly as meant, which is nearly
everything; Pillow does the rest, and says what is wrong with a file that neither can read. Files are known by their
content, never by their suffix.
"""

import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Shaped
from PIL import Image

from foldline.pixels.headers import JPEG_START, MOST_SCANS, START_OF_SCAN, UPRIGHT, opened, orientation_of
from foldline.pixels.undecodable import RANGE_CURE, Undecodable, refuse_size

VERSION = 5
"""Part of the pixel cache's key: raise it with every change to how files are read or resized that changes any pixel."""

JPEGS = ("JPEG", "MPO")
PROGRESSIVE = 0xC2
JPEG_FRAMES = {0xC0, 0xC1, PROGRESSIVE}
"""Baseline, extended and progressive, which hold the size; other coding processes are not plain."""
JPEG_HARMLESS = {0xC4, 0xDB, 0xDD, 0xE0, 0xFE}
"""Tables, restart interval, JFIF and comments: they change neither colours nor orientation."""
JPEG_COMPONENTS = {1, 3}
REDUCED_SCALES = (8, 4, 2)
ENOUGH_FRACTION = 7 / 8
"""Of the size that is needed, in an image that the codec reduced. Its pixels are true means: stretched by an eighth
they are as close to an antialiased resize as plain bilinear samples of the whole image. Other eighths than 4, 2 and 1
are no way between: libjpeg-turbo has no SIMD for them, 5/8 takes longer than the whole image."""
GREY_FLAGS = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
              8: cv2.IMREAD_REDUCED_GRAYSCALE_8}  # fmt: skip
SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True)
class DecodedPixels:
    pixels: Shaped[np.ndarray, "h w channels"]
    """Upright; uint8, or float32 of numbers. By the codec's own scaling possibly smaller than the file's image."""
    height: int
    """Of the file's image, upright, as is `width`."""
    width: int


SizeOf = Callable[[int, int], tuple[int, int]]


def whole(height: int, width: int) -> tuple[int, int]:
    return height, width


def decode(content: bytes, channels: int, needed: SizeOf = whole) -> DecodedPixels:
    """The first image in a file. Raises Undecodable, and of hostile bytes any error there is.

    channels: 3 for RGB, 1 for grey. needed: from the image's height and width to those the caller will scale it to;
    a JPEG is decoded at 1/2, 1/4 or 1/8 when that is at most an eighth smaller. 16-bit samples keep their high byte: no
    stretching, because brightness is comparable between images only when all are scaled alike. Transparent pixels are
    laid over white, as a browser shows them: dark drawings on nothing are common, light ones are not.
    """
    size = plain_size(content)
    if size is not None:
        refuse_size(len(content), *size)
        pixels = _by_opencv(content, channels, _scale(size, needed(*size)))
        if pixels is not None:
            return DecodedPixels(pixels, *size)
    with warnings.catch_warnings(action="ignore"):
        image, content = opened(content)
        orientation = orientation_of(image)
        if _opencv_reads_it_alike(image, orientation):
            width, height = image.size[::-1] if orientation in SIDEWAYS else image.size
            scale = _scale((height, width), needed(height, width)) if image.format in JPEGS else 1
            pixels = _by_opencv(content, channels, scale)
            if pixels is not None:
                return DecodedPixels(np.ascontiguousarray(UPRIGHT[orientation](pixels)), height, width)
        pixels = _by_pillow(image, channels)
        return DecodedPixels(pixels, *pixels.shape[:2])


def _opencv_reads_it_alike(image: Image.Image, orientation: int) -> bool:
    """OpenCV drops or premultiplies transparency, takes CMYK as it comes, turns TIFFs by itself, and does not look at
    which number is white in a PGM or PPM."""
    plain = image.mode in ("L", "RGB") or image.mode.startswith("I;16")
    return (
        plain
        and image.format != "PPM"
        and "transparency" not in image.info
        and (orientation == 1 or image.format in JPEGS)
    )


def _scale(size: tuple[int, int], needed: tuple[int, int]) -> int:
    """The codec's."""
    least = [ENOUGH_FRACTION * side for side in needed]
    fitting = (scale for scale in REDUCED_SCALES if size[0] / scale >= least[0] and size[1] / scale >= least[1])
    return next(fitting, 1)


def _by_opencv(content: bytes, channels: int, scale: int) -> np.ndarray | None:
    """None for a file that OpenCV cannot read, a truncated one among them."""
    encoded = np.frombuffer(content, np.uint8)
    flags = GREY_FLAGS[scale] | (0 if channels == 1 else cv2.IMREAD_COLOR_RGB)
    pixels = cv2.imdecode(encoded, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    return pixels[:, :, np.newaxis] if pixels is not None and channels == 1 else pixels


def _by_pillow(image: Image.Image, channels: int) -> np.ndarray:
    image.load()
    upright = UPRIGHT[orientation_of(image)]  # Pillow turns some as it loads them
    is_of_16_bits = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")
    if image.mode in ("I", "F") and not is_of_16_bits:
        raise Undecodable(f"its samples are 32 bits wide and have no fixed range: {RANGE_CURE}")
    if is_of_16_bits:
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return np.ascontiguousarray(upright(pixels.reshape(*pixels.shape[:2], channels)))


def plain_size(content: bytes) -> tuple[int, int] | None:
    """Height and width in pixels of a JPEG of 8-bit grey or colour without EXIF, colour profile or Adobe's marker.

    None for every other file, broken ones among them. Read off the markers in a microsecond; Pillow takes 45 to open a
    file, 6 % of what the pixel cache spends on a photograph of 400 x 533. Source: ITU-T T.81, annex B.
    """
    if not content.startswith(JPEG_START):
        return None
    offset = len(JPEG_START)
    try:
        while True:
            mark, marker, length = struct.unpack_from(">BBH", content, offset)
            if mark == 0xFF and marker in JPEG_FRAMES:
                precision, height, width, components = struct.unpack_from(">BHHB", content, offset + 4)
                is_plain = precision == 8 and components in JPEG_COMPONENTS and height and width
                is_quick = marker != PROGRESSIVE or content.count(START_OF_SCAN) <= MOST_SCANS
                return (height, width) if is_plain and is_quick else None
            if mark != 0xFF or marker not in JPEG_HARMLESS:
                return None
            offset += 2 + length
    except struct.error:
        return None
