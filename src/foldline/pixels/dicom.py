"""DICOM files as they ask to be shown: which of their numbers are data, and which of these are black and white.

Source: DICOM PS3.3, C.7.6.3 (pixels), C.7.5.1.1.2 (padding), C.7.6.16 (frames of one file) and C.11 (from stored
numbers over units and the window to what is shown). pydicom decodes and applies windows and palettes.
"""

import io
import re
import warnings
import zlib
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from foldline.archive.budgets import MOST_PIXELS, most_made
from foldline.files.refusal import Refusal
from foldline.pixels.headers import coded_sides
from foldline.pixels.samples import Samples, channels_last
from foldline.pixels.undecodable import Undecodable, refuse_size

MARK, MARK_OFFSET = b"DICM", 128
WITHOUT_MARK = re.compile(rb"(\x02\0..(UL|OB)|\x08\0[\x00-\x18]\0(UL|CS|UI|DA|TM|[\x02-\x40]\0\0\0))", re.DOTALL)
"""How a file begins that lacks the preamble: an early element of group 2 or 8, with its type, or with its length."""
CODECS = "pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg"
FRAME_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
"""Of files of several frames; what is said of one frame counts more than what is said of all."""
FRAME_MACROS = ("PixelValueTransformationSequence", "FrameVOILUTSequence")
PADDINGS = {
    "PixelPaddingValue": "PixelPaddingRangeLimit",
    "FloatPixelPaddingValue": "FloatPixelPaddingRangeLimit",
    "DoubleFloatPixelPaddingValue": "DoubleFloatPixelPaddingRangeLimit",
}
LEAST_WIDTHS = {"LINEAR": 1, "LINEAR_EXACT": np.nextafter(0, 1), "SIGMOID": np.nextafter(0, 1)}
"""Of a window, by its function."""
WORDS = 2**16


def is_dicom(content: bytes) -> bool:
    """By the mark after the preamble, which some files lack."""
    return content[MARK_OFFSET : MARK_OFFSET + len(MARK)] == MARK or WITHOUT_MARK.match(content) is not None


def dicom_samples(content: bytes, channels: int, windowed: bool) -> Samples:
    """The first frame. Windowed: colours as uint8; grey as uint8, by the file's table or first window, or from its
    smallest to its largest sample where it has neither, inverted where it says so, and padding black. Else its numbers,
    grey in the file's units (CT: Hounsfield) as float32, and padding NaN.

    Raises Refusal when pydicom or the codec of the file's compression is not installed.
    """
    try:
        import pydicom  # only those who have DICOM need it
        from pydicom.pixels.processing import apply_color_lut
        from pydicom.pixels.utils import pixel_array
    except ModuleNotFoundError:
        raise Refusal(f"The images are DICOM, and pydicom is not installed: pip install pydicom {CODECS}.") from None
    with warnings.catch_warnings(action="ignore"):
        dataset = _described(pydicom.dcmread(_File(content), force=True))
        _refuse_compression(dataset, len(content))
        refuse_size(len(content), dataset.get("Rows") or 0, dataset.get("Columns") or 0)
        stored = pixel_array(dataset, index=0)
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            _refuse_segments(dataset)
            stored = _bytes(apply_color_lut(stored, dataset), dataset.RedPaletteColorLookupTableDescriptor[2])
        if stored.ndim == 3:
            return channels_last(_bytes(stored, dataset.BitsStored) if windowed else stored, channels)
        values, is_padding = _in_units(stored, dataset), _is_padding(stored, dataset)
        if not windowed:
            return channels_last(np.where(is_padding, np.nan, values).astype(np.float32), channels)
        levels = np.clip(_presented(_windowed(values, is_padding, dataset), dataset), 0, 1)
        return channels_last(np.where(is_padding, 0, np.round(levels * 255)).astype(np.uint8), channels)


class _File(io.BytesIO):
    """Of a deflated file pydicom reads at once what remains, and inflates that whatever comes of it; no other file is
    read so."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if size is None or size < 0:
            most = min(most_made(len(found)), MOST_PIXELS)
            if len(zlib.decompressobj(-zlib.MAX_WBITS).decompress(found, most + 1)) > most:
                raise Undecodable(f"it inflates {len(found):,} bytes to more than {most:,}: made to take long")
        return found


def _refuse_segments(dataset: Any) -> None:
    """Raises Undecodable for a palette in segments (C.7.9.2) that become more entries than one has. Segments that
    repeat others, which may do so themselves, count as such."""
    word = f"{'<' if dataset.original_encoding[1] else '>'}u{dataset.RedPaletteColorLookupTableDescriptor[2] // 8}"
    for colour in ("Red", "Green", "Blue", "Alpha"):
        data, place, entries = dataset.get(f"Segmented{colour}PaletteColorLookupTableData") or b"", 0, 0
        words = np.frombuffer(data, word).tolist()
        while place + 1 < len(words):
            kind, count = words[place], words[place + 1]
            # 0: its entries follow; 1: the last one of a line to it; 2: which segments to repeat.
            place, entries = place + 2 + (1 if kind else count), entries + count
            if kind > 1 or entries > WORDS:
                raise Undecodable(f"its palette is of segments that repeat others, or has more than {WORDS:,} entries")


def _described(dataset: Any) -> Any:
    """With what it says of its first frame where single frames have it; and with the syntax that it is read in where it
    does not say it."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if "TransferSyntaxUID" not in getattr(dataset, "file_meta", ()):
        is_implicit, is_little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else explicit
    for group in FRAME_GROUPS:
        for first in (dataset.get(group) or [])[:1]:
            for macro in FRAME_MACROS:
                for item in (first.get(macro) or [])[:1]:
                    dataset.update(item)
    return dataset


def _bytes(colours: np.ndarray, bits: int) -> np.ndarray:
    """The highest eight of the `bits` that count, which are fewer than those of a sample where files say so."""
    return colours if colours.dtype == np.uint8 else (colours >> max(bits - 8, 0)).astype(np.uint8)


def _refuse_compression(dataset: Any, file_bytes: int) -> None:
    """Raises Refusal where the codec is missing, and Undecodable for a size that the codec would find, whatever the
    file says of it."""
    from pydicom.encaps import get_frame
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import as_pixel_options
    from pydicom.uid import RLELossless

    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated and not get_decoder(syntax).is_available:
        raise Refusal(f"The images are DICOM in {syntax.name}, which needs a codec: pip install {CODECS}.")
    if syntax.is_encapsulated and syntax != RLELossless:
        options = as_pixel_options(dataset)
        offsets, frames = options.get("extended_offsets"), options["number_of_frames"]
        frame = get_frame(dataset.PixelData, 0, number_of_frames=frames, extended_offsets=offsets)
        refuse_size(file_bytes, *coded_sides(frame))


def _is_padding(stored: np.ndarray, dataset: Any) -> Bool[np.ndarray, "h w"]:
    """Where there is no data, as around a round image: told of the numbers as stored."""
    name = next((name for name in PADDINGS if dataset.get(name) is not None), None)
    if name is None:
        return np.zeros(stored.shape, bool)
    value, limit = dataset[name].value, dataset.get(PADDINGS[name])
    # Some files write it without the sign, or with bits that do not count.
    ends = np.asarray([value, value if limit is None else limit]).astype(stored.dtype)
    if stored.dtype.kind != "f":
        unused = 8 * stored.itemsize - dataset.BitsStored
        ends = ends << unused >> unused
    return (stored >= ends.min()) & (stored <= ends.max())


def _in_units(stored: np.ndarray, dataset: Any) -> Float[np.ndarray, "h w"]:
    """The modality's (C.11.1)."""
    if dataset.get("ModalityLUTSequence"):
        return _looked_up(stored.astype(np.float64), dataset.ModalityLUTSequence[0], dataset)[0]
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope is None or intercept is None:
        return stored.astype(np.float64)
    return stored.astype(np.float64) * float(slope) + float(intercept)


def _looked_up(values: Float[np.ndarray, "h w"], table: Any, dataset: Any) -> tuple[Float[np.ndarray, "h w"], int]:
    """The entries for `values`, and the largest that entries may be. Values beyond either end get the entry there.

    pydicom's own functions wrap around in tables of more entries than their type counts.
    """
    entries, first, bits = table.LUTDescriptor
    if first >= WORDS // 2 and values.min() < 0:
        first -= WORDS  # as negative units are written where stored numbers have no sign
    data = table.LUTData
    if isinstance(data, bytes):
        order, width = "<" if dataset.original_encoding[1] else ">", min(len(data) // (entries or WORDS), 2)
        data = np.frombuffer(data, f"{order}u{width}")
    found = np.atleast_1d(np.asarray(data, np.float64))[: entries or WORDS]
    return found[np.clip(values - first, 0, len(found) - 1).astype(np.int64)], 2**bits - 1


def _windowed(
    values: Float[np.ndarray, "h w"], is_padding: Bool[np.ndarray, "h w"], dataset: Any
) -> Float[np.ndarray, "h w"]:
    """Of each value, where it lies from black (0) to white (1) before any inversion (C.11.2)."""
    if dataset.get("VOILUTSequence"):
        entries, largest = _looked_up(values, dataset.VOILUTSequence[0], dataset)
        return entries / largest
    window = _window(dataset)
    if window is None:
        data = values[~is_padding]
        low, high = (data.min(), data.max()) if data.size else (0, 0)
        return (values - low) / ((high - low) or 1)
    from pydicom.pixels.processing import apply_windowing

    return apply_windowing(values, window)


def _window(dataset: Any) -> Any:
    """The first one, which is the file's own choice, for samples from 0 to 1; None where none is valid."""
    from pydicom import Dataset

    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    function = str(dataset.get("VOILUTFunction") or "").strip().upper()
    window = Dataset()
    window.VOILUTFunction = function if function in LEAST_WIDTHS else "LINEAR"
    if centre is None or width is None or not width >= LEAST_WIDTHS[window.VOILUTFunction]:
        return None
    window.WindowCenter, window.WindowWidth = centre, width
    window.PhotometricInterpretation, window.PixelRepresentation, window.BitsStored = "MONOCHROME2", 0, 1
    return window


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value[0]) if hasattr(value, "__getitem__") and not isinstance(value, str) else float(value)


def _presented(levels: Float[np.ndarray, "h w"], dataset: Any) -> Float[np.ndarray, "h w"]:
    """Whether small numbers are white: the presentation's shape says it, or else the kind of pixels (C.11.6)."""
    if dataset.get("PresentationLUTSequence"):
        table = dataset.PresentationLUTSequence[0]
        indices = np.round(np.clip(levels, 0, 1) * ((table.LUTDescriptor[0] or WORDS) - 1))
        entries, largest = _looked_up(indices, table, dataset)
        return entries / largest
    shape = dataset.get("PresentationLUTShape") or ""
    is_inverse = shape == "INVERSE" if shape else dataset.PhotometricInterpretation == "MONOCHROME1"
    return 1 - levels if is_inverse else levels
