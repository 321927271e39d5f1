"""DICOM files as they ask to be shown, TIFF files with all their channels and bits."""

import io
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1

from foldline.files.refusal import Refusal
from foldline.pixels.decoding import ORIENTATION_TAG, Undecodable
from foldline.pixels.formats import TIFF_CODECS, dicom_samples, is_tiff, tiff_samples
from foldline.pixels.picture_files import Contents, picture_into
from foldline.pixels.resizing import PixelForm
from tests.pixels.pictures import encoded, scene

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


PICTURE = scene(0, 8, 12)
FOUR = np.dstack([PICTURE, scene(1, 8, 12)[:, :, :1]])
WIDE = PICTURE.astype(np.uint16) * 256 + 7


def tiff(array: np.ndarray, photometric: str = "minisblack", **options: object) -> bytes:
    stored = io.BytesIO()
    tifffile.imwrite(stored, array, photometric=photometric, **options)  # type: ignore[arg-type]
    return stored.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_pictures_are_turned_upright(orientation: int, compression: str) -> None:
    content = encoded(PICTURE, "TIFF", tiffinfo={ORIENTATION_TAG: orientation}, compression=compression)
    upright = Image.fromarray(PICTURE)
    upright.getexif()[ORIENTATION_TAG] = orientation
    assert np.array_equal(tiff_samples(content, 3), np.asarray(ImageOps.exif_transpose(upright)))


@pytest.mark.parametrize("samples", [PICTURE[:, :, 0], WIDE[:, :, 0], PICTURE[:, :, 0] > 99])
def test_where_zero_is_white_samples_are_turned_around(samples: np.ndarray) -> None:
    largest = 1 if samples.dtype == bool else np.iinfo(samples.dtype).max
    assert np.array_equal(tiff_samples(tiff(samples, "miniswhite"), 1)[:, :, 0], largest - samples.astype(int))


def test_pages_are_channels_or_the_first_is_the_picture() -> None:
    content = tiff(np.ascontiguousarray(FOUR.transpose(2, 0, 1)))
    assert np.array_equal(tiff_samples(content, 4), FOUR)
    assert np.array_equal(tiff_samples(content, 1), FOUR[:, :, :1])


@pytest.mark.parametrize(
    "array", [FOUR, PICTURE, PICTURE[:, :, 0], WIDE[:, :, 0], (WIDE[:, :, 0] / 9).astype(np.float32)]
)
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
    image = Image.fromarray(PICTURE).quantize(8)
    found = tiff_samples(encoded(image, "TIFF", compression="tiff_lzw"), 3)
    assert np.array_equal(found, np.asarray(image.convert("RGB")))


def test_a_compression_that_nothing_installed_reads_is_named_with_its_cure() -> None:
    content = tiff(np.dstack([FOUR, FOUR[:, :, :1]]), planarconfig="contig")
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        place = file.pages.first.tags["Compression"].valueoffset
    lzw = content[:place] + b"\5\0" + content[place + 2 :]
    assert is_tiff(lzw)
    with pytest.raises(Undecodable, match=f"its compression LZW needs a codec: pip install {TIFF_CODECS}"):
        tiff_samples(lzw, 5)
