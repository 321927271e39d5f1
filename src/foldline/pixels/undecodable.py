"""What any decoder says of an image that it cannot read."""

import cv2
from PIL import UnidentifiedImageError

from foldline.archive.array_files import PICKLED, holds_objects

OPENCV_LIMIT = "CV_IO_MAX_IMAGE_PIXELS"
RANGE_CURE = "give the card's layout.range: the two numbers that become 0 and 255"
"""How the reason ends where numbers were found, and the card has no range for them."""


class Undecodable(Exception):
    """Why an image cannot be read, in words that are the same on every machine."""


def undecodable(error: Exception, content: bytes) -> Undecodable:
    """What a codec's `error` says of the file `content`."""
    if isinstance(error, UnidentifiedImageError):
        # Pillow's own text holds an address in memory.
        return Undecodable(f"of no known image format (it begins with {content[:8].hex(' ')})")
    if holds_objects(error):
        return Undecodable(PICKLED)
    if isinstance(error, cv2.error) and OPENCV_LIMIT in f"{error}":
        return Undecodable(
            "it has more than the 2^30 pixels that OpenCV reads: set the environment variable "
            "OPENCV_IO_MAX_IMAGE_PIXELS to more than it has"
        )
    return Undecodable(f"{error}" or type(error).__name__)
