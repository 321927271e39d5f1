"""DICOM in colour, by palette and in compressions of its own; what is not installed is asked for by name."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1

from foldline.files.refusal import Refusal
from foldline.pixels.dicom import dicom_samples
from foldline.pixels.reading import Contents, picture_into
from foldline.pixels.resizing import PixelForm
from tests.pixels.pictures import scene

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
    place = np.zeros((form.height, form.width, form.channels), np.uint8)
    picture_into(place, Contents((content,)), form)
    return place


def test_colours_by_pixel_and_by_plane() -> None:
    picture = scene(0, 4, 6)
    shape = {"Rows": 4, "Columns": 6, "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}
    for lie, stored in ((0, picture), (1, picture.transpose(2, 0, 1))):
        content = dicom(PlanarConfiguration=lie, PixelData=np.ascontiguousarray(stored).tobytes(), **shape)
        assert np.array_equal(pixels_of(content, PixelForm(4, 6, 3, "squash")), picture)


def test_colours_of_12_bits_are_as_bright_as_those_of_8() -> None:
    picture = scene(0, 4, 6)
    content = dicom(
        Rows=4, Columns=6, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0,
        BitsAllocated=16, BitsStored=12, HighBit=11, PixelData=(picture.astype(np.uint16) * 16 + 3).tobytes(),
    )  # fmt: skip
    assert np.array_equal(pixels_of(content, PixelForm(4, 6, 3, "squash")), picture)
    assert dicom_samples(content, 3, windowed=False).max() == int(picture.max()) * 16 + 3


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
