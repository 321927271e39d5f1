"""Small files that say to be very large images, or that take very long to decode."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import tifffile
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

from foldline.archive import budgets
from foldline.pixels.decoding import decode
from foldline.pixels.dicom import dicom_samples
from foldline.pixels.headers import MOST_SCANS, START_OF_SCAN, coded_sides
from foldline.pixels.samples import array_samples
from foldline.pixels.tiff import tiff_samples
from foldline.pixels.undecodable import Undecodable
from tests.pixels.drawn import encoded
from tests.pixels.test_dicom import LOSSLESS_JPEG, dicom


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
    with pytest.raises(Undecodable, match=r"its header tells of 1,000 x 32,768 x 480,000, and it has \d+ bytes"):
        tiff_samples(b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(400), 3)


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "BOMB_BYTES", 2**16)
    monkeypatch.setattr(budgets, "LARGEST_EXPANSION", 10)


GREY = {"Rows": 16, "Columns": 16, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"}


def at(content: bytes, mark: bytes, offset: int, code: str, *values: int) -> bytes:
    """With other numbers there, counted from `mark`."""
    changed = bytearray(content)
    struct.pack_into(code, changed, changed.index(mark) + offset, *values)
    return bytes(changed)


BLACK = np.zeros((16, 16), np.uint8)
J2K, JP2 = encoded(BLACK, "JPEG2000", no_jp2=True), encoded(BLACK, "JPEG2000")
SIZ = b"\xff\x4f\xff\x51"
JPEG_LS = b"\xff\xd8\xff\xf7" + struct.pack(">HBHHBBBB", 11, 8, 16, 16, 1, 1, 0x11, 0) + b"\xff\xda" + bytes(40)
LARGER: dict[str, tuple[UID, bytes]] = {
    "JPEG 2000": (JPEG2000Lossless, at(J2K, SIZ, 8, ">II", 65_500, 65_500)),
    "JPEG 2000 in a box": (JPEG2000Lossless, at(JP2, SIZ, 8, ">II", 65_500, 65_500)),
    "JPEG": (JPEGBaseline8Bit, at(cv2.imencode(".jpg", BLACK)[1].tobytes(), b"\xff\xc0", 5, ">HH", 65_500, 65_500)),
    "JPEG, lossless": (JPEGLosslessSV1, at(LOSSLESS_JPEG, b"\xff\xc3", 5, ">HH", 65_500, 65_500)),
    "JPEG-LS": (JPEGLSLossless, at(JPEG_LS, b"\xff\xf7", 5, ">HH", 65_500, 65_500)),
    "JPEG-LS, filled up": (
        JPEGLSLossless,
        b"\xff\xd8\xff\xff" + at(JPEG_LS, b"\xff\xf7", 5, ">HH", 65_500, 65_500)[2:],
    ),
}


@pytest.mark.parametrize("what", list(LARGER))
def test_a_compressed_image_that_is_larger_than_its_file_says(what: str) -> None:
    syntax, image = LARGER[what]
    with pytest.raises(Undecodable, match=r"its header tells of 65,500 x 65,500, more than"):
        dicom_samples(dicom(syntax=syntax, PixelData=encapsulate([image]), **GREY), 1, windowed=False)


def test_the_size_that_a_codec_finds() -> None:
    assert coded_sides(at(J2K, SIZ, 40, ">H", 200)) == (16, 16, 200)
    assert coded_sides(JP2 + at(JP2, SIZ, 8, ">II", 30, 20)) == (30, 20, 1)
    assert coded_sides(JPEG_LS) == (16, 16, 1)
    assert coded_sides(at(JPEG_LS, b"\xff\xf7", 5, ">H", 0)) == (65_535, 16, 1)
    with pytest.raises(Undecodable, match="does not tell of its size"):
        coded_sides(b"\xff\xd8\xff")


def deflated(content: bytes) -> bytes:
    """A DICOM file whose pixels are followed by `content`."""
    meta, rest = dicom(syntax=DeflatedExplicitVRLittleEndian, PixelData=bytes(256), **GREY), zlib.compressobj(wbits=-15)
    start = 144 + int.from_bytes(meta[140:144], "little")
    inner = (
        zlib.decompress(meta[start:], wbits=-15) + b"\xfc\xff\xfc\xffOB\0\0" + struct.pack("<I", len(content)) + content
    )
    return meta[:start] + rest.compress(inner) + rest.flush()


@pytest.mark.usefixtures("small_budget")
def test_deflated_dicom() -> None:
    assert dicom_samples(deflated(bytes(50_000)), 1, windowed=False).shape == (16, 16, 1)
    with pytest.raises(Undecodable, match=r"it inflates \d+ bytes to more than 65,536: made to take long"):
        dicom_samples(deflated(bytes(100_000)), 1, windowed=False)


def test_deflated_dicom_as_others_write_it() -> None:
    path = get_testdata_file("image_dfl.dcm", download=False)
    assert isinstance(path, str)
    assert dicom_samples(Path(path).read_bytes(), 1, windowed=True).shape == (512, 512, 1)


def palette(*words: int) -> bytes:
    colours = ("Red", "Green", "Blue")
    tables = {
        f"Segmented{colour}PaletteColorLookupTableData": struct.pack(f"<{len(words)}H", *words) for colour in colours
    }
    sizes = {f"{colour}PaletteColorLookupTableDescriptor": [4, 0, 16] for colour in colours}
    return dicom(
        **{**GREY, "PhotometricInterpretation": "PALETTE COLOR"}, **tables, **sizes, PixelData=bytes([3] * 256)
    )


def test_a_palette_of_segments() -> None:
    assert dicom_samples(palette(0, 2, 0, 256, 1, 2, 768), 3, windowed=True)[0, 0].tolist() == [3, 3, 3]
    again = [word for count in range(1, 40) for word in (2, count, 0, 0)]
    for words in ((0, 1, 5, *again), (0, 1, 5, *([1, 65_535, 5] * 2))):
        with pytest.raises(Undecodable, match="its palette is of segments that repeat others, or has more than 65,536"):
            dicom_samples(palette(*words), 3, windowed=True)


@pytest.mark.usefixtures("small_budget")
def test_files_of_numbers_that_are_all_alike() -> None:
    content = io.BytesIO()
    np.savez_compressed(content, np.zeros((300, 300)))
    with pytest.raises(Undecodable, match=r"its header tells of 90,016 x 1 x 8, and it has \d+ bytes"):
        array_samples(content.getvalue(), 1)
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"a": np.zeros(200_000)}), content)
    with pytest.raises(Undecodable, match=r"its header tells of 200,000 x 1 x 8, and it has [\d,]+ bytes"):
        array_samples(content.getvalue(), 1)


@pytest.mark.usefixtures("small_budget")
def test_pages_that_are_all_alike() -> None:
    content = io.BytesIO()
    tifffile.imwrite(content, np.zeros((40, 60, 60)), compression="lzma", photometric="minisblack")
    assert tiff_samples(content.getvalue(), 40).shape == (60, 60, 1)  # of the pages the first one alone
