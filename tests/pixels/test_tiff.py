"""TIFF files with all their channels and bits."""

import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from foldline.pixels.headers import ORIENTATION_TAG
from foldline.pixels.tiff import TIFF_CODECS, is_tiff, tiff_samples
from foldline.pixels.undecodable import Undecodable
from tests.pixels.drawn import encoded, scene

IMAGE = scene(0, 8, 12)
FOUR = np.dstack([IMAGE, scene(1, 8, 12)[:, :, :1]])
WIDE = IMAGE.astype(np.uint16) * 256 + 7


def tiff(array: np.ndarray, photometric: str = "minisblack", **options: object) -> bytes:
    stored = io.BytesIO()
    tifffile.imwrite(stored, array, photometric=photometric, **options)  # type: ignore[arg-type]
    return stored.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_images_are_turned_upright(orientation: int, compression: str) -> None:
    content = encoded(IMAGE, "TIFF", tiffinfo={ORIENTATION_TAG: orientation}, compression=compression)
    upright = Image.fromarray(IMAGE)
    upright.getexif()[ORIENTATION_TAG] = orientation
    assert np.array_equal(tiff_samples(content, 3), np.asarray(ImageOps.exif_transpose(upright)))


@pytest.mark.parametrize("samples", [IMAGE[:, :, 0], WIDE[:, :, 0], IMAGE[:, :, 0] > 99])
def test_where_zero_is_white_samples_are_turned_around(samples: np.ndarray) -> None:
    largest = 1 if samples.dtype == bool else np.iinfo(samples.dtype).max
    assert np.array_equal(tiff_samples(tiff(samples, "miniswhite"), 1)[:, :, 0], largest - samples.astype(int))


def test_pages_are_channels_or_the_first_is_the_image() -> None:
    content = tiff(np.ascontiguousarray(FOUR.transpose(2, 0, 1)))
    assert np.array_equal(tiff_samples(content, 4), FOUR)
    assert np.array_equal(tiff_samples(content, 1), FOUR[:, :, :1])


@pytest.mark.parametrize("array", [FOUR, IMAGE, IMAGE[:, :, 0], WIDE[:, :, 0], (WIDE[:, :, 0] / 9).astype(np.float32)])
def test_compressions_that_pillow_reads(array: np.ndarray) -> None:
    found = tiff_samples(encoded(array, "TIFF", compression="tiff_lzw"), array.shape[-1] if array.ndim == 3 else 1)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array.reshape(found.shape))


def test_wide_colours_in_a_compression_that_opencv_reads() -> None:
    _, content = cv2.imencode(
        ".tiff", WIDE[:, :, ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_LZW]
    )
    assert np.array_equal(tiff_samples(content.tobytes(), 3), WIDE)


def test_a_palette_in_a_compression() -> None:
    image = Image.fromarray(IMAGE).quantize(8)
    found = tiff_samples(encoded(image, "TIFF", compression="tiff_lzw"), 3)
    assert np.array_equal(found, np.asarray(image.convert("RGB")))


def test_a_compression_that_nothing_installed_reads_is_named_with_its_cure() -> None:
    content = tiff(np.dstack([FOUR, FOUR[:, :, :1]]), planarconfig="contig")
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        offset = file.pages.first.tags["Compression"].valueoffset
    lzw = content[:offset] + b"\5\0" + content[offset + 2 :]
    assert is_tiff(lzw)
    with pytest.raises(Undecodable, match=f"its compression LZW needs a codec: pip install {TIFF_CODECS}"):
        tiff_samples(lzw, 5)
