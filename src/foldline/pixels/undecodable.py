"""Why an image cannot be read, and the budget of pixels that it may have."""

import cv2
from PIL import Image, UnidentifiedImageError

from foldline.archive.addresses import PICKLED, holds_objects
from foldline.archive.budgets import MOST_PIXELS, PIXELS_VARIABLE, is_bomb

RANGE_CURE = "give the card's layout.range: the two numbers that become 0 and 255"
"""How the reason ends where numbers were found, and the card has no range for them."""

# Pillow refuses files of more than 179 million pixels as attacks on memory; scanned slides are that large.
Image.MAX_IMAGE_PIXELS = None


class Undecodable(Exception):
    """Why an image cannot be read, in words that are the same on every machine."""


def undecodable(error: Exception, content: bytes) -> Undecodable:
    """What a codec's `error` says of the file `content`. Raises MemoryError where that is what it says."""
    if isinstance(error, UnidentifiedImageError):
        # Pillow's own text holds an address in memory.
        return Undecodable(f"of no known image format (it begins with {content[:8].hex(' ')})")
    if holds_objects(error):
        return Undecodable(PICKLED)
    if isinstance(error, cv2.error):
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError
        # What comes before it names lines of OpenCV's own code.
        return Undecodable(f"OpenCV cannot read it ({error.err})")
    return Undecodable(f"{error}" or type(error).__name__)


def refuse_size(file_bytes: int, height: int, width: int, depth: int = 1) -> None:
    """Raises Undecodable, before anything of that size is made, for an image of too many pixels, and for a large one of
    which the file can hold next to nothing. The sides are what the header tells; depth: what a pixel consists of."""
    told = f"its header tells of {' x '.join(f'{side:,}' for side in (height, width, depth)[: 2 + (depth > 1)])}"
    if height * width > MOST_PIXELS:
        raise Undecodable(
            f"{told}, more than the {_shown(MOST_PIXELS)} pixels that are read: if that is true, set the environment "
            f"variable {PIXELS_VARIABLE} to more than it has"
        )
    if is_bomb(file_bytes, height * width * depth):
        raise Undecodable(f"{told}, and it has {file_bytes:,} bytes: it is cut off, or made to take long")


def _shown(number: int) -> str:
    exponent = number.bit_length() - 1
    return f"2^{exponent}" if number == 2**exponent else f"{number:,}"
