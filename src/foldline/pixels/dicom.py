"""DICOM files: rescaled, windowed and inverted as they ask to be shown (DICOM PS3.3, C.11)."""

import io
import warnings
from typing import Any

import numpy as np

from foldline.files.refusal import Refusal
from foldline.pixels.samples import Samples, channels_last

MARK = b"DICM"
MARK_OFFSET = 128
CODECS = "pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg"


def is_dicom(content: bytes) -> bool:
    return content[MARK_OFFSET : MARK_OFFSET + len(MARK)] == MARK


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
        raise Refusal(f"The images are DICOM, and pydicom is not installed: pip install pydicom {CODECS}.") from None
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
        raise Refusal(f"The images are DICOM in {syntax.name}, which needs a codec: pip install {CODECS}.")


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
