"""Small files that say to be very large images, or that take very long to decode."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from foldline.pixels.decoding import decode
from foldline.pixels.headers import MOST_SCANS, START_OF_SCAN
from foldline.pixels.tiff import tiff_samples
from foldline.pixels.undecodable import Undecodable


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(side: int) -> bytes:
    header = struct.pack(">IIBBBBB", side, side - 1, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def gif(side: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", side, side) + b"\xf0\0\0" + bytes(6) + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


@pytest.mark.parametrize("content", [png(32_768), gif(32_767)])
def test_more_pixels_than_a_file_can_hold(content: bytes) -> None:
    with pytest.raises(Undecodable, match=r"its header tells of 32,76\d x 32,767, and it has \d+ bytes"):
        decode(content, 3)


def progressive(scans: int) -> bytes:
    """A JPEG that repeats its last scan."""
    flags = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    content = cv2.imencode(".jpg", np.zeros((64, 64), np.uint8), flags)[1].tobytes()
    scan = content[content.rindex(START_OF_SCAN) : -2]
    return content[:-2] + scan * (scans - content.count(START_OF_SCAN)) + content[-2:]


def test_passes_over_all_pixels() -> None:
    assert decode(progressive(MOST_SCANS), 1).pixels.shape == (64, 64, 1)
    with pytest.raises(Undecodable, match=f"it has {MOST_SCANS + 1} scans, more than the {MOST_SCANS} that are read"):
        decode(progressive(MOST_SCANS + 1), 1)


def test_samples_without_bytes() -> None:
    tags = ((256, 4, 32_768), (257, 4, 1_000), (258, 3, 64), (259, 3, 1), (262, 3, 1), (273, 4, 200), (277, 3, 60_000),
            (278, 4, 1_000), (279, 4, 100), (339, 3, 3))  # fmt: skip
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    with pytest.raises(Undecodable, match=r"its header tells of 15,728,640,000,000, and it has \d+ bytes"):
        tiff_samples(b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(400), 3)
