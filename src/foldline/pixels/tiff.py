"""TIFF files with all their channels and bits."""

import io
import math
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from foldline.archive.budgets import MOST_PIXELS, is_bomb
from foldline.files.refusal import Refusal
from foldline.pixels.headers import ORIENTATION_TAG, UPRIGHT
from foldline.pixels.samples import Samples, channels_last
from foldline.pixels.undecodable import Undecodable, refuse_size

TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
TIFF_CODECS = "imagecodecs"
BITS_TAG = 258
WHITE_IS_ZERO = 0


def is_tiff(content: bytes) -> bool:
    return content.startswith(TIFF_MARKS)


def tiff_samples(content: bytes, channels: int) -> Samples:
    """The samples as stored; of several pages that are not the channels the first one's.

    Raises Refusal when tifffile is not installed, Undecodable for a compression that takes more than what is.
    """
    try:
        import tifffile  # only those need it whose TIFFs hold more than OpenCV and Pillow read
    except ModuleNotFoundError:
        raise Refusal(
            "The images are TIFFs of wide samples or many channels; tifffile is not installed: pip install tifffile."
        ) from None
    # Its microscopes' files name others that belong to them, which are not looked for.
    with tifffile.TiffFile(io.BytesIO(content), _multifile=False) as file:
        first = file.pages.first
        height, width = first.imagelength, first.imagewidth
        refuse_size(len(content), height, width, first.nbytes // max(height * width, 1))
        try:
            samples = _whole_or_first_page(file, channels)
        except ValueError as error:
            if TIFF_CODECS not in str(error):
                raise
            return channels_last(_without_codecs(content, tifffile.COMPRESSION(first.compression).name), channels)
        upright = UPRIGHT.get(first.tags.valueof(ORIENTATION_TAG, 1), UPRIGHT[1])(samples)
        if first.photometric == WHITE_IS_ZERO and samples.dtype.kind in "bu":
            upright = upright ^ samples.dtype.type(2**first.bitspersample - 1)
        return np.ascontiguousarray(upright)


def _whole_or_first_page(file: Any, channels: int) -> Samples:
    first = file.pages.first
    try:
        whole = file.series[0]
        is_small = math.prod(whole.shape) <= MOST_PIXELS * first.samplesperpixel
        if is_small and not is_bomb(file.filehandle.size, whole.nbytes):
            return channels_last(file.asarray(), channels)
    except Undecodable:
        if len(file.pages) == 1:
            raise
    return channels_last(first.asarray(), channels)


def _without_codecs(content: bytes, compression: str) -> np.ndarray:
    """The first page upright: by Pillow, which keeps 8 bits of wider colours, or these by OpenCV, which multiplies
    colours of 8 bits by their transparency."""
    needed = f"its compression {compression} needs a codec: pip install {TIFF_CODECS}"
    try:
        with Image.open(io.BytesIO(content)) as image:
            if len(image.getbands()) == 1 or max(image.tag_v2[BITS_TAG]) == 8:  # type: ignore[attr-defined]
                image.load()
                return np.asarray(ImageOps.exif_transpose(image.convert("RGB") if image.mode == "P" else image))
    except UnidentifiedImageError:
        raise Undecodable(needed) from None
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise Undecodable(needed)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
