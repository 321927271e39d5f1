"""Whatever a file says beside its pixels, these are read; and no header makes anything larger than the budget."""

import io
import itertools
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from foldline.files.refusal import Refusal
from foldline.pixels import building, chunks
from foldline.pixels.decoding import decode
from foldline.pixels.headers import ORIENTATION_TAG, UPRIGHT
from foldline.pixels.image_files import Contents, image_into
from foldline.pixels.resizing import PixelForm
from foldline.pixels.tiff import tiff_samples
from foldline.pixels.undecodable import Undecodable
from tests.pixels.drawn import encoded, npy, scene

IMAGE = scene(0, 40, 30)
SIDEWAYS = 6
EXIF = Image.Exif()
EXIF[ORIENTATION_TAG] = SIDEWAYS
TURNED = EXIF.tobytes().removeprefix(b"Exif\0\0")
LOOP = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\xff\xff\xff\xff\0\0\0\0"


def chunk(kind: bytes, data: bytes, is_whole: bool = True) -> bytes:
    checksum = zlib.crc32(kind + data) ^ (not is_whole)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


LARGE = b"a" * 3_000_000
CHUNKS: dict[str, bytes] = {
    "nothing": b"",
    "large text": chunk(b"tEXt", b"k\0" + LARGE),
    "large packed text": chunk(b"zTXt", b"k\0\0" + zlib.compress(LARGE)),
    "large international text": chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress(LARGE)),
    "much text": b"".join(chunk(b"zTXt", b"k%d\0\0" % n + zlib.compress(b"a" * 10**6)) for n in range(70)),
    "large profile": chunk(b"iCCP", b"k\0\0" + zlib.compress(LARGE)),
    "no profile": chunk(b"iCCP", b""),
    "a profile in an unknown compression": chunk(b"iCCP", b"k\0\5garbage"),
    "unknown, damaged": chunk(b"abCd", bytes(10), is_whole=False),
    "text, damaged": chunk(b"tEXt", b"k\0abc", is_whole=False),
    "gamma, damaged": chunk(b"gAMA", bytes(4), is_whole=False),
    **{f"short {kind}": chunk(kind.encode(), b"\0") for kind in ("gAMA", "pHYs", "cHRM", "acTL", "fcTL", "tIME")},
    "no sRGB": chunk(b"sRGB", b""),
    "frames that are not there": chunk(b"acTL", struct.pack(">II", 2, 0)),
}
SEGMENTS: dict[str, bytes] = {
    "nothing": b"",
    "short profile": segment(0xE2, b"ICC_PROFILE\0\1"),
    "a part of a profile": segment(0xE2, b"ICC_PROFILE\0\1\5garbage"),
    "no frames": segment(0xE2, b"MPF\0garbage"),
    "short Photoshop": segment(0xED, b"Photoshop 3.0\x008BIM\4\4"),
    "short Adobe": segment(0xEE, b"Adobe"),
    "short JFIF": segment(0xE0, b"JFIF"),
    "empty comment": segment(0xFE, b""),
    "much that is unknown": b"".join(segment(0xEB, LARGE[:60_000]) for _ in range(30)),
}
ORIENTATIONS: dict[str, bytes] = {
    "sideways": TURNED,
    "cut off": TURNED[:12],
    "garbage": b"garbage",
    "empty": b"",
    "elsewhere": b"II*\0\xff\xff\xff\xff",
    "of 2^32 - 1 values": LOOP,
    "of no type": LOOP.replace(b"\x03\0\xff", b"\0\0\xff"),
}
"""What the chunk or segment of EXIF holds."""


def with_chunks(content: bytes, chunks: bytes, before: bytes = b"IDAT") -> bytes:
    offset = content.index(before) - 4
    return content[:offset] + chunks + content[offset:]


def images() -> Iterator[tuple[str, bytes, str]]:
    """What is said, the file, and the name of its orientation."""
    png, jpeg = encoded(IMAGE), encoded(IMAGE, "JPEG", quality=95)
    for (name, said), (way, exif) in itertools.product(CHUNKS.items(), ORIENTATIONS.items()):
        yield f"PNG: {name}", with_chunks(png, said + chunk(b"eXIf", exif)), way
        yield f"PNG: {name}", with_chunks(png, chunk(b"eXIf", exif) + said), way
    for (name, said), (way, exif) in itertools.product(SEGMENTS.items(), ORIENTATIONS.items()):
        yield f"JPEG: {name}", jpeg[:2] + said + segment(0xE1, b"Exif\0\0" + exif) + jpeg[2:], way
        yield f"JPEG: {name}", jpeg[:2] + segment(0xE1, b"Exif\0\0" + exif) + said + jpeg[2:], way


def check(name: str, content: bytes, way: str) -> None:
    plain = IMAGE
    if name.startswith("JPEG"):
        plain = decode(encoded(IMAGE, "JPEG", quality=95), 3).pixels
    expected = UPRIGHT[SIDEWAYS](plain) if way == "sideways" else plain
    for form in (
        PixelForm(*expected.shape[:2], 3, "squash"),
        PixelForm(*expected.shape[:2], 3, "squash", (0.0, 255.0)),
    ):
        out = np.zeros(expected.shape, form.dtype)
        image_into(out, Contents((content,)), form)
        assert np.array_equal(out, expected), (name, way)


def test_pixels_are_read_whatever_else_is_not() -> None:
    for name, content, way in list(images())[::7]:
        check(name, content, way)


@pytest.mark.faults
def test_pixels_are_read_whatever_else_is_not_of_all_kinds(outcome: Any) -> None:
    for name, content, way in images():
        check(name, content, way)
        outcome("images: metadata that cannot be read", "survived")


@pytest.mark.parametrize("said", ["nothing", "large packed text", "text, damaged"])
def test_a_transparent_colour_stays_white(said: str) -> None:
    grey = Image.fromarray(np.array([[7, 9]], np.uint8))
    content = with_chunks(encoded(grey, transparency=7), CHUNKS[said])
    assert decode(content, 3).pixels[0, :, 0].tolist() == [255, 9]


def test_a_transparent_colour_that_is_damaged_is_none() -> None:
    grey = Image.fromarray(np.array([[7, 9]], np.uint8))
    content = with_chunks(encoded(grey), chunk(b"tRNS", b"\0\7", is_whole=False))
    assert decode(content, 3).pixels[0, :, 0].tolist() == [7, 9]


def test_what_opencv_alone_reads() -> None:
    _, bitmap = cv2.imencode(".ppm", IMAGE)
    sun = b"\x59\xa6\x6a\x95" + struct.pack(">7I", 30, 40, 24, 40 * 30 * 3, 1, 0, 0) + IMAGE[:, :, ::-1].tobytes()
    for content in (bitmap.tobytes(), sun):
        assert decode(content, 3).pixels.shape == (40, 30, 3)
    assert np.array_equal(decode(sun, 3).pixels, IMAGE)


def test_frames_are_put_together_by_pillow() -> None:
    frames = [Image.fromarray(scene(seed, 8, 8)) for seed in (1, 2)]
    content = encoded(frames[0], save_all=True, append_images=frames[1:], default_image=False)
    assert np.array_equal(decode(content, 3).pixels, scene(1, 8, 8))


def huge(content: bytes, offset: int, code: str, *sides: int) -> bytes:
    return content[:offset] + struct.pack(code, *sides) + content[offset + struct.calcsize(code) :]


def png_of(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


def tiff_of(width: int, height: int) -> bytes:
    stored = io.BytesIO()
    tifffile.imwrite(stored, np.zeros((4, 5), np.uint16), photometric="minisblack")
    with tifffile.TiffFile(io.BytesIO(stored.getvalue())) as file:
        tags = file.pages.first.tags
        offsets = [(tags[name].offset + 8, side) for name, side in (("ImageWidth", width), ("ImageLength", height))]
    content = stored.getvalue()
    for offset, side in offsets:
        content = huge(content, offset - 6, "<HII", 4, 1, side)
    return content


def npy_of(shape: str) -> bytes:
    return npy(np.zeros(8)).replace(b"(8,), }".ljust(len(shape) + 3), f"{shape}, }}".encode())


def npz_of(array: bytes) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as file:
        file.writestr("a.npy", array)
    return stored.getvalue()


BOMBS: dict[str, bytes] = {
    "PNG of 2^31 - 1 a side": png_of(2**31 - 1, 2**31 - 1),
    "PNG of a line": png_of(2**31 - 1, 1),
    "JPEG": encoded(IMAGE, "JPEG").replace(struct.pack(">HH", 40, 30), struct.pack(">HH", 65_500, 65_500)),
    "GIF": huge(huge(encoded(IMAGE, "GIF"), 6, "<HH", 65_535, 65_535), 6, "<HH", 65_535, 65_535),
    "BMP": huge(encoded(IMAGE, "BMP"), 18, "<ii", 2**31 - 1, 2**30),
    "WebP": huge(encoded(IMAGE, "WEBP", lossless=True), 21, "<I", 0x0FFFFFFF),
    "PPM": b"P6 999999 999999 255\n",
    "TIFF": tiff_of(2**31 - 1, 2**31 - 1),
    "JPEG 2000": encoded(IMAGE, "JPEG2000").replace(struct.pack(">II", 40, 30), struct.pack(">II", 2**31, 2**31)),
    "npy": npy_of("(99999999, 99999999)"),
    "npz": npz_of(npy_of("(99999999, 99999999)")),
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(%stdout) run\n%%EOF\n",
}


@pytest.mark.parametrize("name", list(BOMBS))
@pytest.mark.parametrize("form", [PixelForm(8, 8, 3, "squash"), PixelForm(8, 8, 1, "squash", (0.0, 255.0))])
def test_headers_that_lie(name: str, form: PixelForm) -> None:
    with pytest.raises(Undecodable):
        image_into(np.zeros((8, 8, form.channels), form.dtype), Contents((BOMBS[name],)), form)


def test_what_memory_does_not_hold_ends_with_the_images_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slide.png").write_bytes(encoded(IMAGE))

    def fail(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(chunks, "image_into", fail)  # the edge: a machine without memory
    with pytest.raises(Refusal, match=r"`slide.png` takes more memory to decode than is free"):
        building.build(tmp_path, ["slide.png"], ["slide.png"], PixelForm(8, 8, 3, "squash"), tmp_path / "caches")


def test_files_that_a_microscopes_file_names_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planes = np.stack([np.full((8, 9), value, np.uint16) for value in (1, 2)])
    tifffile.imwrite(tmp_path / "secret.ome.tif", planes + 500, metadata={"axes": "CYX"})
    tifffile.imwrite(tmp_path / "a.ome.tif", planes, metadata={"axes": "CYX"})
    content = (tmp_path / "a.ome.tif").read_bytes()
    offset = content.index(b"<TiffData ")
    end = content.index(b"/>", offset)
    assert b"UUID" not in content[offset:end]
    other = b'<TiffData IFD="0" FirstC="1"><UUID FileName="secret.ome.tif">urn:x</UUID></TiffData>'
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        described = file.ome_metadata or ""
    named = described.replace("</Pixels>", other.decode() + "</Pixels>")
    tifffile.imwrite(tmp_path / "b.ome.tif", planes[:1], description=named.encode(), metadata=None)
    monkeypatch.chdir(tmp_path)
    assert tiff_samples((tmp_path / "b.ome.tif").read_bytes(), 1).max() == 1
