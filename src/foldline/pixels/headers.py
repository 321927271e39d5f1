"""An image file's header by Pillow, whatever else the file says: what cannot be read of its metadata costs no more
than its orientation.

Sources: the PNG specification (chunks), ITU-T T.81, annex B (markers of JPEG), T.87, annex C (JPEG-LS), T.800, annex A
(JPEG 2000).
"""

import io
import math
import re
import struct
import warnings
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image

from foldline.pixels.undecodable import Undecodable, refuse_size

PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = (b"tRNS", b"eXIf")
"""Of the chunks that a decoder may ignore: transparency and orientation."""
JPEG_START = b"\xff\xd8"
FRAMES = {bytes((0xFF, marker)) for marker in {*range(0xC0, 0xD0), 0xDE, 0xF7} - {0xC4, 0xC8, 0xCC}}
"""Markers of what tells a JPEG's size, a hierarchical one's and a JPEG-LS's, too."""
CODESTREAM = re.compile(rb"(?:\A|jp2c(?:.{8})?)\xff\x4f\xff\x51.{4}(.{34})", re.DOTALL)
"""JPEG 2000's first two markers, of which the second tells the size: where a file or its box of that begins."""
SCAN = 0xDA
START_OF_SCAN, MOST_SCANS = b"\xff\xda", 500
"""A progressive JPEG's are passes over all of its pixels, and a few bytes are one. Encoders write ten."""
APPLICATION = range(0xE0, 0xF0)
COMMENT = 0xFE
EXIF, ADOBE = (0xE1, b"Exif\0\0", 0), (0xEE, b"Adobe", 12)
"""The segments of applications that are kept: marker, start, and least length; Adobe's tells of the colours."""
ORIENTATION_TAG = 0x0112
UPRIGHT = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""EXIF's eight orientations, undone."""


def opened(content: bytes) -> tuple[Image.Image, bytes]:
    """The image, of which no more than the header has been read, and the file that its pixels are to be read from:
    without its metadata, where Pillow stumbles over these.

    Raises Undecodable for more pixels than the budget, and what Pillow does for a file that is no image.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            image = Image.open(io.BytesIO(content))
        if image.format == "PNG" and getattr(image, "is_animated", False):
            content = b"".join(_png_parts(content))  # OpenCV would wait for frames that may not be there
    except Exception as error:  # hostile bytes meet it with any error there is
        image, content = _without_metadata(content, error)
    if image.format == "EPS":
        raise Undecodable("it is a program in PostScript, which is not run")
    refuse_size(len(content), *image.size)
    if image.info.get("progressive") and (scans := content.count(START_OF_SCAN)) > MOST_SCANS:
        raise Undecodable(f"it has {scans:,} scans, more than the {MOST_SCANS} that are read")
    return image, content


def coded_sides(content: bytes) -> tuple[int, ...]:
    """Both sides and the components of a JPEG of any kind or a JPEG 2000, as its codec makes room for them; of a side
    that is told further on the longest. Raises Undecodable where it tells none."""
    for part in _jpeg_parts(content):
        if part[:2] in FRAMES:
            height, width, components = struct.unpack_from(">HHB", part, 5)
            return height or 0xFFFF, width or 0xFFFF, components
    found = [struct.unpack(">II24xH", match[1]) for match in CODESTREAM.finditer(content)]
    if found:
        return max(found, key=math.prod)
    raise Undecodable("its compressed image does not tell of its size")


def orientation_of(image: Image.Image) -> int:
    """EXIF's number; 1, upright, where it cannot be read or is none of the eight."""
    try:
        with warnings.catch_warnings(action="ignore"):
            orientation = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:
        return 1
    return orientation if orientation in UPRIGHT else 1


def _without_metadata(content: bytes, error: Exception) -> tuple[Image.Image, bytes]:
    """Raises `error` where there is no image without them, either."""
    bare = b"".join(_png_parts(content) if content.startswith(PNG_START) else _jpeg_parts(content))
    try:
        return Image.open(io.BytesIO(bare)), bare
    except Exception:
        image = _as_opencv_reads_it(content)
        if image is None:
            raise error from None
        return image, content


def _png_parts(content: bytes) -> Iterator[bytes]:
    """The chunks without which there is no image, as they are; of the others whole ones of PNG_KEPT."""
    yield PNG_START
    offset = len(PNG_START)
    while offset + 12 <= len(content):
        end = offset + 12 + int.from_bytes(content[offset : offset + 4], "big")
        kind, is_critical = content[offset + 4 : offset + 8], not content[offset + 4] & 0x20
        is_whole = content[end - 4 : end] == struct.pack(">I", zlib.crc32(content[offset + 4 : end - 4]))
        if is_critical or (is_whole and kind in PNG_KEPT):
            yield content[offset:end]
        offset = end


def _jpeg_parts(content: bytes) -> Iterator[bytes]:
    """The segments up to the scan but those of applications and comments, and all that follows."""
    offset = len(JPEG_START)
    if not content.startswith(JPEG_START):
        return
    yield JPEG_START
    while offset + 4 <= len(content) and content[offset] == 0xFF and content[offset + 1] != SCAN:
        if content[offset + 1] == 0xFF:  # fills up
            offset += 1
            continue
        end = offset + 2 + int.from_bytes(content[offset + 2 : offset + 4], "big")
        marker, said = content[offset + 1], content[offset + 4 : end]
        is_known = any(marker == kept and said.startswith(start) and len(said) >= n for kept, start, n in (EXIF, ADOBE))
        if is_known or not (marker in APPLICATION or marker == COMMENT):
            yield content[offset:end]
        offset = end
    yield content[offset:]


def _as_opencv_reads_it(content: bytes) -> Image.Image | None:
    """8 or 16 bits, which become 8, in 1, 3 or 4 channels."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        return None
    pixels = pixels if pixels.dtype == np.uint8 else np.right_shift(pixels, 8).astype(np.uint8)
    if pixels.ndim == 3 and pixels.shape[2] in (3, 4):
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return Image.fromarray(pixels)
