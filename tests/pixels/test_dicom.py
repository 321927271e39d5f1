"""DICOM files as they ask to be shown."""

import io
import itertools
import random
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
)

from foldline.files.refusal import Refusal
from foldline.pixels.dicom import dicom_samples, is_dicom
from foldline.pixels.image_files import Contents, image_into
from foldline.pixels.resizing import PixelForm
from tests.pixels.drawn import scene

LOSSLESS_JPEG = bytes.fromhex(
    "ffd8 ffc3 000b 08 0002 0002 01 01 11 00 ffc4 0015 00 0101 0000000000000000000000000000 00 03"
    "ffda 0008 01 01 00 01 00 00 54 ffd9"
)
"""2 x 2 pixels of 8 bits by hand (ITU-T T.81, annex H): 128, and differences of 5, 0 and 0 to the left or upper one.
Codes: `0` is no difference, `10` one of three bits."""


def dicom(**values: object) -> bytes:
    dataset, content = Dataset(), io.BytesIO()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = values.pop("syntax", ExplicitVRLittleEndian)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    for name, value in values.items():
        setattr(dataset, name, value)
    dataset.save_as(content, enforce_file_format=True)
    return content.getvalue()


def pixels_of(content: bytes, form: PixelForm) -> np.ndarray:
    out = np.zeros((form.height, form.width, form.channels), form.dtype)
    image_into(out, Contents((content,)), form)
    return out


def test_colours_by_pixel_and_by_plane() -> None:
    image = scene(0, 4, 6)
    shape = {"Rows": 4, "Columns": 6, "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}
    for lie, stored in ((0, image), (1, image.transpose(2, 0, 1))):
        content = dicom(PlanarConfiguration=lie, PixelData=np.ascontiguousarray(stored).tobytes(), **shape)
        assert np.array_equal(pixels_of(content, PixelForm(4, 6, 3, "squash")), image)


def test_colours_of_12_bits_are_as_bright_as_those_of_8() -> None:
    image = scene(0, 4, 6)
    content = dicom(
        Rows=4, Columns=6, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0,
        BitsAllocated=16, BitsStored=12, HighBit=11, PixelData=(image.astype(np.uint16) * 16 + 3).tobytes(),
    )  # fmt: skip
    assert np.array_equal(pixels_of(content, PixelForm(4, 6, 3, "squash")), image)
    assert dicom_samples(content, 3, windowed=False).max() == int(image.max()) * 16 + 3


@pytest.mark.parametrize(("bits", "allocated"), [(16, "u2"), (8, "u2"), (8, "u1")])
def test_a_palette_says_what_the_numbers_show(bits: int, allocated: str) -> None:
    colours = np.array([[0, 0, 0], [200, 100, 50], [10, 250, 30], [7, 8, 9]], np.uint16)
    values: dict[str, object] = {"Rows": 1, "Columns": 4, "SamplesPerPixel": 1, "PixelData": bytes([3, 1, 2, 0])}
    for number, name in enumerate(("Red", "Green", "Blue")):
        values[f"{name}PaletteColorLookupTableDescriptor"] = [4, 0, bits]
        values[f"{name}PaletteColorLookupTableData"] = (colours[:, number] << (bits - 8)).astype(allocated).tobytes()
    content = dicom(PhotometricInterpretation="PALETTE COLOR", **values)
    assert pixels_of(content, PixelForm(1, 4, 3, "squash"))[0].tolist() == colours[[3, 1, 2, 0]].tolist()


@pytest.mark.parametrize("name", ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm"])
def test_lossless_compressions_show_what_is_stored_plainly(name: str) -> None:
    plain, packed = (get_testdata_file(file, download=False) for file in ("MR_small.dcm", name))
    assert isinstance(plain, str) and isinstance(packed, str)
    expected, found = (dicom_samples(Path(file).read_bytes(), 1, windowed=False) for file in (plain, packed))
    assert np.array_equal(expected, found) and expected.std() > 0


def test_jpeg_lossless() -> None:
    shape = {"Rows": 2, "Columns": 2, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"}
    content = dicom(syntax=JPEGLosslessSV1, PixelData=encapsulate([LOSSLESS_JPEG]), **shape)
    assert dicom_samples(content, 1, windowed=False)[:, :, 0].tolist() == [[128, 133], [128, 128]]


def test_a_missing_library_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    content = dicom(Rows=1, Columns=1, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", PixelData=b"\1\0")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(Refusal, match=r"pydicom is not installed: pip install pydicom pylibjpeg"):
        dicom_samples(content, 1, windowed=True)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLosslessSV1])
def test_a_missing_codec_is_asked_for(syntax: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = {"Rows": 1, "Columns": 1, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"}
    content = dicom(syntax=syntax, PixelData=encapsulate([b"any"]), **shape)
    monkeypatch.setattr(get_decoder(syntax), "_available", {})
    with pytest.raises(Refusal, match=r"which needs a codec: pip install pylibjpeg pylibjpeg-openjpeg"):
        dicom_samples(content, 1, windowed=True)


def grey_dicom(stored: np.ndarray, compressed: bool = False, **values: Any) -> bytes:
    """A grey image of 12 bits."""
    dataset, content = Dataset(), io.BytesIO()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless if compressed else ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.2"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for name, value in values.items():
        setattr(dataset, name, value)
    if compressed:
        codestream = io.BytesIO()
        Image.fromarray(stored).save(codestream, "JPEG2000", irreversible=False, no_jp2=True)
        dataset.PixelData = encapsulate([codestream.getvalue()])
    else:
        dataset.PixelData = stored.tobytes()
    dataset.save_as(content, enforce_file_format=True)
    return content.getvalue()


STORED = np.array([[0, 1000, 2000, 4095]], np.uint16).repeat(40, axis=0).repeat(10, axis=1)
WINDOW = {"WindowCenter": 1500, "WindowWidth": 1001}
GREY = PixelForm(40, 40, 1, "squash")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (WINDOW, [0, 0, 255, 255]),
        ({**WINDOW, "PhotometricInterpretation": "MONOCHROME1"}, [255, 255, 0, 0]),
        ({"WindowCenter": [2048, 1], "WindowWidth": [4096, 1]}, [0, 62, 125, 255]),
        ({"WindowCenter": 2000, "WindowWidth": 4000, "VOILUTFunction": "LINEAR_EXACT"}, [0, 64, 128, 255]),
        ({"WindowCenter": 1000, "WindowWidth": 1000, "VOILUTFunction": "SIGMOID"}, [5, 128, 250, 255]),
        ({}, [0, 62, 125, 255]),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_dicom_is_shown_as_it_asks(values: dict[str, Any], expected: list[int], compressed: bool) -> None:
    found = pixels_of(grey_dicom(STORED, compressed, **values), GREY)
    assert np.abs(found[0, ::10, 0].astype(int) - expected).max() <= 1


def test_dicom_with_a_range_is_its_numbers_in_their_units() -> None:
    content = grey_dicom(STORED, RescaleSlope=2, RescaleIntercept=-1000, **WINDOW)
    found = pixels_of(content, PixelForm(40, 40, 1, "squash", range=(-1000.0, 9000.0)))
    assert np.allclose(found[0, ::10, 0], STORED[0, ::10].astype(float) * 2 * 255 / 10000, rtol=1e-3)


ROWS, COLUMNS = 6, 7
LUTS = {"VOILUTSequence": [200, -5, 12], "ModalityLUTSequence": [300, 2, 16]}
Values = dict[str, Any]
BITS: tuple[Values, ...] = tuple(
    {"BitsAllocated": allocated, "BitsStored": stored, "HighBit": stored - 1, "PixelRepresentation": sign}
    for allocated, stored in ((8, 8), (16, 12), (16, 16))
    for sign in (0, 1)
)
POLARITIES: tuple[Values, ...] = tuple(
    {"PhotometricInterpretation": kind} | ({"PresentationLUTShape": shape} if shape else {})
    for kind in ("MONOCHROME1", "MONOCHROME2")
    for shape in (None, "IDENTITY", "INVERSE")
)
UNITS: tuple[Values, ...] = (
    {},
    {"RescaleSlope": 2.5, "RescaleIntercept": -1024},
    {"RescaleSlope": -0.5, "RescaleIntercept": 10},
    {"RescaleSlope": None, "RescaleIntercept": None},
    {"ModalityLUTSequence": LUTS["ModalityLUTSequence"]},
)
WINDOWS: tuple[Values, ...] = (
    {},
    {"WindowCenter": None, "WindowWidth": None},
    {"WindowCenter": 40, "WindowWidth": 80},
    {"WindowCenter": 40, "WindowWidth": 1},
    {"WindowCenter": 40, "WindowWidth": 0},
    {"WindowCenter": [40, 1], "WindowWidth": [90, 2]},
    {"WindowCenter": 40, "WindowWidth": 80, "VOILUTFunction": "LINEAR_EXACT"},
    {"WindowCenter": 40.25, "WindowWidth": 0.5, "VOILUTFunction": "LINEAR_EXACT"},
    {"WindowCenter": 40, "WindowWidth": 80, "VOILUTFunction": "SIGMOID"},
    {"VOILUTSequence": LUTS["VOILUTSequence"]},
    {"WindowCenter": 40, "WindowWidth": 80, "VOILUTSequence": LUTS["VOILUTSequence"]},
)
PADDINGS: tuple[Values, ...] = (
    {},
    {"PixelPaddingValue": 3},
    {"PixelPaddingValue": 3, "PixelPaddingRangeLimit": 9},
    {"PixelPaddingValue": 9, "PixelPaddingRangeLimit": 3},
)
FORMS = (
    (ExplicitVRLittleEndian, "whole"),
    (ImplicitVRLittleEndian, "whole"),
    (ExplicitVRBigEndian, "whole"),
    (ExplicitVRLittleEndian, "bare"),
    (ImplicitVRLittleEndian, "bare"),
    (ExplicitVRLittleEndian, "no preamble"),
    (ExplicitVRLittleEndian, "frames"),
)


def combinations() -> Iterator[tuple[Values, str, str]]:
    """All tags with all others; the forms of files, which say the same, in turn."""
    forms = itertools.cycle(FORMS)
    for parts in itertools.product(BITS, POLARITIES, UNITS, WINDOWS, PADDINGS):
        syntax, form = next(forms)
        yield {key: value for part in parts for key, value in part.items()}, str(syntax), form


def table(entries: int, first: int, bits: int, is_signed: bool) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if is_signed else "US", [entries, first if is_signed else max(first, 0), bits])
    item.add_new("LUTData", "US", (np.arange(entries) ** 2 % 2**bits).tolist())
    return item


def built(values: Values, syntax: str, form: str) -> bytes:
    """A file of these tags, whose unused high bits hold something else, as old overlays do."""
    dataset, is_signed = Dataset(), values["PixelRepresentation"] == 1
    for name, value in values.items():
        setattr(dataset, name, [table(*value, is_signed)] if name in LUTS else value)
    random_numbers = np.random.default_rng(0).integers(0, 2 ** values["BitsStored"], (ROWS, COLUMNS))
    stored = np.concatenate([random_numbers[:3], np.arange(21).reshape(3, 7) * 3])
    overlay = 0 if values["BitsStored"] == values["BitsAllocated"] else 0b101 << values["BitsStored"]
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    plane = (stored + overlay).astype(f"{order}u{values['BitsAllocated'] // 8}").tobytes()
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = ROWS, COLUMNS, 1
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    if form == "frames":
        _move_into_groups(dataset)
        dataset.NumberOfFrames, plane = 2, plane + bytes(len(plane))
    dataset.add_new("PixelData", "OW" if values["BitsAllocated"] == 16 else "OB", plane)
    return _written(dataset, syntax, form)


def _move_into_groups(dataset: Dataset) -> None:
    """The units are those of all frames, the window is the first frame's own."""
    macros = {
        "SharedFunctionalGroupsSequence": ("PixelValueTransformationSequence", ("RescaleSlope", "RescaleIntercept")),
        "PerFrameFunctionalGroupsSequence": (
            "FrameVOILUTSequence",
            ("WindowCenter", "WindowWidth", "VOILUTFunction"),
        ),
    }
    for group, (macro, names) in macros.items():
        inner, outer = Dataset(), Dataset()
        for name in names:
            if name in dataset:
                inner[name] = dataset[name]
                del dataset[name]
        setattr(outer, macro, [inner])
        setattr(dataset, group, [outer])


def _written(dataset: Dataset, syntax: str, form: str) -> bytes:
    content = io.BytesIO()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(content, enforce_file_format=True)
    if form == "no preamble":
        return content.getvalue()[132:]
    if form != "bare":
        return content.getvalue()
    start = content.getvalue().index(b"\x08\x00\x16\x00")
    return content.getvalue()[start:]


def by_pydicom(values: Values) -> tuple[np.ndarray, np.ndarray]:
    """What pydicom's functions make of the same tags in a plain file: from 0 to 255, and in units; what they leave open
    is PS3.3's."""
    present = {name: value for name, value in values.items() if value is not None}
    if not present.get("WindowWidth", 1):
        del present["WindowWidth"], present["WindowCenter"]
    dataset = dcmread(io.BytesIO(built(present, ExplicitVRLittleEndian, "whole")))
    stored = pixel_array(dataset)
    units = apply_modality_lut(stored.astype(np.int64), dataset).astype(np.float64)
    with np.errstate(over="ignore"), warnings.catch_warnings(action="ignore"):
        shown = apply_voi_lut(units, dataset).astype(np.float64)
    least = values.get("PixelPaddingValue", -1)
    ends = sorted([least, values.get("PixelPaddingRangeLimit", least)])
    padding = (stored >= ends[0]) & (stored <= ends[1]) & ("PixelPaddingValue" in values)
    low, high = _ends(present, shown[~padding])
    shares = np.clip((shown - low) / ((high - low) or 1), 0, 1)
    shape = values.get("PresentationLUTShape")
    if shape == "INVERSE" or (shape is None and values["PhotometricInterpretation"] == "MONOCHROME1"):
        shares = 1 - shares
    return np.where(padding, 0, np.round(shares * 255)), np.where(padding, np.nan, units)


def _ends(values: Values, shown: np.ndarray) -> tuple[float, float]:
    """What is black and white of what apply_voi_lut returns."""
    if "VOILUTSequence" in values:
        return 0, 2 ** values["VOILUTSequence"][2] - 1
    if "WindowWidth" not in values:
        return shown.min(), shown.max()
    bits, sign = values["BitsStored"], values["PixelRepresentation"]
    if "ModalityLUTSequence" in values:
        bits, sign = values["ModalityLUTSequence"][2], 0
    slope, intercept = values.get("RescaleSlope", 1), values.get("RescaleIntercept", 0)
    return -sign * 2 ** (bits - 1) * slope + intercept, (2 ** (bits - sign) - 1) * slope + intercept


def check(values: Values, syntax: str, form: str) -> None:
    content, (expected, units) = built(values, syntax, form), by_pydicom(values)
    assert is_dicom(content)
    found = dicom_samples(content, 1, windowed=True)[:, :, 0]
    assert np.abs(found - expected).max() <= 1, (values, syntax, form)
    numbers = dicom_samples(content, 1, windowed=False)[:, :, 0]
    assert np.allclose(numbers, units, equal_nan=True), (values, syntax, form)


def test_grey_is_shown_as_pydicom_shows_it() -> None:
    for values, syntax, form in random.Random(0).sample(list(combinations()), 150):
        check(values, syntax, form)


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_table_has_more_entries_than_its_type_counts(is_packed: bool) -> None:
    """pydicom's own function wraps around here: each out is a byte, like the entries."""
    item = Dataset()
    entries = np.arange(4096) // 16
    item.add_new("LUTDescriptor", "US", [4096, 0, 8])
    item.add_new(
        "LUTData", "OW" if is_packed else "US", entries.astype("u1").tobytes() if is_packed else entries.tolist()
    )
    found = pixels_of(grey_dicom(STORED, VOILUTSequence=[item]), GREY)
    assert found[0, ::10, 0].tolist() == (STORED[0, ::10] // 16).tolist()


def test_a_table_of_negative_units_in_a_file_without_signs() -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [4, 2**16 - 1000, 8])
    item.add_new("LUTData", "US", [0, 100, 200, 255])
    stored = np.array([[0, 1, 2, 3, 4]], np.uint16)
    content = grey_dicom(stored, RescaleSlope=1, RescaleIntercept=-1001, VOILUTSequence=[item])
    assert pixels_of(content, PixelForm(1, 5, 1, "squash"))[0, :, 0].tolist() == [0, 0, 100, 200, 255]


def test_a_table_of_the_presentation_comes_last() -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [256, 0, 8])
    item.add_new("LUTData", "US", (255 - np.arange(256)).tolist())
    found = pixels_of(grey_dicom(STORED, PresentationLUTSequence=[item], **WINDOW), GREY)
    assert found[0, ::10, 0].tolist() == [255, 255, 0, 0]


@pytest.mark.parametrize(("padding", "sign"), [(2**16 - 2000, 1), (-2000, 1), (63488 + 48, 0)])
def test_padding_is_known_by_the_bits_that_count(padding: int, sign: int) -> None:
    stored = np.array([[-2000, 0, 10, 20]], np.int16)
    tag = {"PixelPaddingValue": padding} if padding > 0 and not sign else {}
    content = grey_dicom(stored.view(np.uint16), PixelRepresentation=sign, BitsStored=12, **tag)
    if sign:
        dataset = dcmread(io.BytesIO(content))
        dataset.add_new("PixelPaddingValue", "US" if padding > 0 else "SS", padding)
        stream = io.BytesIO()
        dataset.save_as(stream)
        content = stream.getvalue()
    assert pixels_of(content, PixelForm(1, 4, 1, "squash"))[0, :, 0].tolist() == [0, 0, 128, 255]


def test_numbers_that_are_not_whole() -> None:
    dataset = dcmread(io.BytesIO(grey_dicom(STORED, FloatPixelPaddingValue=-1.5)))
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    dataset.BitsAllocated, (dataset.Rows, dataset.Columns) = 32, (1, 4)
    dataset.FloatPixelData = np.array([-1.5, 0.25, 0.5, 0.75], np.float32).tobytes()
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert pixels_of(stream.getvalue(), PixelForm(1, 4, 1, "squash"))[0, :, 0].tolist() == [0, 0, 128, 255]


def test_an_image_of_padding_alone_is_black() -> None:
    content = grey_dicom(np.full((4, 4), 7, np.uint16), PixelPaddingValue=7, PhotometricInterpretation="MONOCHROME1")
    assert not pixels_of(content, PixelForm(4, 4, 1, "squash")).any()


@pytest.mark.parametrize(
    "content",
    [b"", b"\x08\0", b"II*\0\x08\0\0\0", b"\xff\xd8\xff\xe0", b"BM\x08\0\0\0", b"\0\0\2\0", b"\x08\0\2\0\0\0\0\0"],
)
def test_what_is_no_dicom(content: bytes) -> None:
    assert not is_dicom(content.ljust(200, b"\0"))


@pytest.mark.faults
@pytest.mark.parametrize("bits", BITS)
def test_grey_of_all_tags_is_shown_as_pydicom_shows_it(bits: Values, outcome: Any) -> None:
    chosen = [each for each in combinations() if bits.items() <= each[0].items()]
    for values, syntax, form in chosen:
        check(values, syntax, form)
    outcome("DICOM: tags that decide what is shown", "survived", len(chosen))
