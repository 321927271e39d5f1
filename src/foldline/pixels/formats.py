"""Formats that take a library of their own: DICOM, as it asks to be shown, and TIFF, with all its channels and bits."""

import io
import warnings
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from foldline.files.refusal import Refusal
from foldline.pixels.decoding import ORIENTATION_TAG, UPRIGHT, Undecodable
from foldline.pixels.samples import Samples, channels_last

DICOM_MARK = b"DICM"
DICOM_MARK_OFFSET = 128
DICOM_CODECS = "pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg"


def is_dicom(content: bytes) -> bool:
    return content[DICOM_MARK_OFFSET : DICOM_MARK_OFFSET + len(DICOM_MARK)] == DICOM_MARK


def dicom_samples(content: bytes, channels: int, windowed: bool) -> Samples:
    """The first frame. Windowed: colours as uint8; grey as uint8, by the file's window, or from its smallest to its
    largest sample where it has none, MONOCHROME1 inverted. Else its numbers, grey in the file's units (CT: Hounsfield)
    as float32.

    Raises Refusal when pydicom or the codec of the file's compression is not installed.
    """
    try:
        from pydicom import dcmread  # only those who have DICOM need it
        from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
        from pydicom.pixels.utils import pixel_array
    except ModuleNotFoundError:
        raise Refusal(
            f"The images are DICOM, and pydicom is not installed: pip install pydicom {DICOM_CODECS}."
        ) from None
    with warnings.catch_warnings(action="ignore"):
        dataset = dcmread(io.BytesIO(content))
        _refuse_missing_codec(dataset)
        stored = pixel_array(dataset, index=0)
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            stored = _bytes(apply_color_lut(stored, dataset), dataset.RedPaletteColorLookupTableDescriptor[2])
        if stored.ndim == 3:
            return channels_last(_bytes(stored, dataset.BitsStored) if windowed else stored, channels)
        values = apply_modality_lut(stored, dataset).astype(np.float32)
        shown = _shown(values, dataset) if windowed else values
    return channels_last(shown, channels)


def _bytes(colours: np.ndarray, bits: int) -> np.ndarray:
    """The highest eight of the `bits` that count, which are fewer than those of a sample where files say so."""
    return colours if colours.dtype == np.uint8 else (colours >> max(bits - 8, 0)).astype(np.uint8)


def _refuse_missing_codec(dataset: Any) -> None:
    from pydicom.pixels.decoders.base import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated and not get_decoder(syntax).is_available:
        raise Refusal(f"The images are DICOM in {syntax.name}, which needs a codec: pip install {DICOM_CODECS}.")


def _shown(values: np.ndarray, dataset: Any) -> np.ndarray:
    shares = _window_shares(values, dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shares = 1 - shares
    return np.round(np.clip(shares, 0, 1) * 255).astype(np.uint8)


def _window_shares(values: np.ndarray, dataset: Any) -> np.ndarray:
    """Of each value, where it lies in the window, from 0 to 1 (PS3.3, C.11.2.1.2 and C.11.2.1.3)."""
    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    if centre is None or width is None or width < 1:
        low, high = float(values.min()), float(values.max())
        return (values - low) / max(high - low, 1)
    function = dataset.get("VOILUTFunction") or "LINEAR"
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - centre) / width))
    if function == "LINEAR_EXACT":
        return (values - centre) / width + 0.5
    return (values - (centre - 0.5)) / max(width - 1, 1) + 0.5


def _first(value: Any) -> float | None:
    """Of several windows the first one is the file's own choice."""
    if value is None or value == "":
        return None
    return float(value[0]) if hasattr(value, "__getitem__") and not isinstance(value, str) else float(value)


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
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        try:
            samples = _whole_or_first_page(file, channels)
        except ValueError as error:
            if TIFF_CODECS not in str(error):
                raise
            return channels_last(
                _without_codecs(content, tifffile.COMPRESSION(file.pages.first.compression).name), channels
            )
        page = file.pages.first
        upright = UPRIGHT.get(page.tags.valueof(ORIENTATION_TAG, 1), UPRIGHT[1])(samples)
        if page.photometric == WHITE_IS_ZERO and samples.dtype.kind in "bu":
            upright = upright ^ samples.dtype.type(2**page.bitspersample - 1)
        return np.ascontiguousarray(upright)


def _whole_or_first_page(file: Any, channels: int) -> Samples:
    try:
        return channels_last(file.asarray(), channels)
    except Undecodable:
        if len(file.pages) == 1:
            raise
        return channels_last(file.pages.first.asarray(), channels)


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
