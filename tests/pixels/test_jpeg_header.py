"""What a plain JPEG's markers say is what Pillow says; of anything else they say nothing."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foldline.pixels.decoding import decode, plain_size

PIXELS = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)


def jpeg(mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [jpeg(), jpeg("L"), jpeg(progressive=True), jpeg(subsampling=0, comment=b"by hand"), jpeg(restart_marker_rows=1)],
    ids=["colour", "grey", "progressive", "comment", "restarts"],
)
def test_plain_ones_tell_their_size(content: bytes) -> None:
    assert plain_size(content) == (37, 53)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(exif=exif)


@pytest.mark.parametrize(
    "content",
    [
        turned(),
        jpeg("CMYK"),
        jpeg(icc_profile=b"profile"),
        jpeg()[:30],
        b"\xff\xd8\xff\xe0\x00\x02" * 3,
        b"\x89PNG\r\n",
        b"",
    ],
    ids=["exif", "cmyk", "profile", "cut off", "another start", "png", "empty"],
)
def test_of_all_others_they_say_nothing(content: bytes) -> None:
    assert plain_size(content) is None


def test_what_is_read_so_is_what_pillow_would_have_made_of_it() -> None:
    """The same picture, once plain, once with an EXIF block that turns nothing."""
    exif = Image.Exif()
    exif[0x0112] = 1
    plain, described = decode(jpeg(), 3), decode(jpeg(exif=exif), 3)
    assert (plain.height, plain.width) == (described.height, described.width) == (37, 53)
    assert np.array_equal(plain.pixels, described.pixels)
