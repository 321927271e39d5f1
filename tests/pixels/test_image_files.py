"""Images that are no plain image files: arrays, DICOM, numbers in records, files as channels, wide samples."""

import base64
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from foldline.archive.addresses import InRecord, address_in_record
from foldline.archive.archives import Archives
from foldline.pixels.image_files import Contents, ImageFiles, image_into
from foldline.pixels.resizing import PixelForm
from foldline.pixels.undecodable import Undecodable
from tests.pixels.drawn import encoded, npy, scene


def pixels_of(contents: bytes | Contents, form: PixelForm) -> np.ndarray:
    out = np.full((form.height, form.width, form.channels), 77, form.dtype)
    image_into(out, contents if isinstance(contents, Contents) else Contents((contents,)), form)
    return out


def form(array: np.ndarray, value_range: tuple[float, float] | None = None) -> PixelForm:
    return PixelForm(*array.shape, resize="squash", range=value_range)  # type: ignore[arg-type]


FLOATS = np.arange(2 * 3 * 6, dtype=np.float16).reshape(2, 3, 6) - 5


@pytest.mark.parametrize("content", [npy(FLOATS), npy(FLOATS.transpose(2, 0, 1))])
def test_arrays_of_several_channels_keep_their_numbers(content: bytes) -> None:
    found = pixels_of(content, form(FLOATS, (-5.0, 30.0)))
    assert found.dtype == np.float16
    assert np.allclose(found, (FLOATS.astype(float) + 5) * 255 / 35, rtol=1e-3)
    assert found.min() == 0 and found.max() == 255


def test_numbers_beyond_the_range_stay_beyond_and_nothing_is_the_lowest() -> None:
    array = np.array([[[-10.0], [np.nan], [np.inf], [20.0]]], np.float32)
    assert pixels_of(npy(array), form(array, (0.0, 10.0)))[0, :, 0].tolist() == [-255, 0, 0, 510]


def test_an_outlier_stays_finite_in_the_cache() -> None:
    array = np.array([[[1e6], [-1e6]]], np.float32)
    assert pixels_of(npy(array), form(array, (0.0, 1.0)))[0, :, 0].tolist() == [65504, -65504]


def test_arrays_of_bytes_are_images() -> None:
    array = scene(0, 4, 5)
    assert np.array_equal(pixels_of(npy(array), form(array)), array)
    assert np.array_equal(pixels_of(npy(array[:, :, 0] > 99), form(array))[:, :, 1], (array[:, :, 0] > 99) * 255)


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_arrays_of_16_bits_keep_their_high_byte_in_either_order(order: str) -> None:
    array = scene(0, 4, 5).astype(order) * 256 + 7
    assert np.array_equal(pixels_of(npy(array), form(array)), scene(0, 4, 5))


def test_a_single_array_of_an_npz() -> None:
    array, stored = scene(0, 4, 5), io.BytesIO()
    np.savez(stored, only=array)
    assert np.array_equal(pixels_of(stored.getvalue(), form(array)), array)


def parquet(columns: dict[str, Any]) -> bytes:
    stored = io.BytesIO()
    pd.DataFrame(columns).to_parquet(stored)
    return stored.getvalue()


def test_the_numbers_of_a_parquet_file_are_one_plane() -> None:
    content = parquet({"time": [1, 3], "note": ["a", "b"], "LL_0.59": [0.0, 8.0], "LL_0.78": [4.0, np.nan]})
    found = pixels_of(content, PixelForm(2, 3, 1, "squash", range=(0.0, 8.0)))
    assert found[:, :, 0].tolist() == [[31.875, 0, 127.5], [95.625, 255, 0]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (parquet({"note": ["a"]}), "none of its columns are numbers: note"),
        (npy(FLOATS[:, :, :3]), "float16 and have no fixed range: give the card's layout.range"),
        (npy(np.zeros((2, 3, 5), np.uint8)), r"shape \(2, 3, 5\), which has no 3 channels"),
        (npy(np.zeros((0, 3, 3), np.uint8)), r"shape \(0, 3, 3\): there is nothing in it"),
        (npy(np.zeros((2, 3, 3), np.uint8))[:-1], "EOF: reading array data"),
        (npy(np.array({"a": 1}, dtype=object)), "it holds pickled Python objects, which are not opened"),
        (b"", "the file is empty"),
    ],
)
def test_arrays_that_fit_no_cache(content: bytes, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason):
        pixels_of(content, PixelForm(2, 3, 3, "squash"))


def test_what_is_no_image_is_told_in_the_same_words_in_every_run() -> None:
    with pytest.raises(Undecodable, match=r"^of no known image format \(it begins with 3c 68 74 6d 6c 3e\)$"):
        pixels_of(b"<html>", PixelForm(2, 3, 4, "squash"))


def test_samples_of_16_bits_keep_them_with_a_range() -> None:
    colours = (scene(0, 4, 5).astype(np.uint16) << 8) + 128
    _, content = cv2.imencode(".png", colours[:, :, ::-1])
    found = pixels_of(content.tobytes(), form(colours, (0.0, 65535.0)))
    assert np.allclose(found, colours / 257, rtol=1e-3)


@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
def test_tiffs_of_four_bands(photometric: str) -> None:
    bands = np.random.default_rng(0).integers(0, 65536, (4, 5, 4)).astype(np.uint16)
    stored = io.BytesIO()
    tifffile.imwrite(stored, bands, photometric=photometric, planarconfig="contig")
    assert np.array_equal(pixels_of(stored.getvalue(), form(bands)), bands >> 8)


def test_a_png_with_its_transparency_as_the_fourth_channel() -> None:
    four = np.dstack([scene(0, 4, 5), scene(1, 4, 5)[:, :, :1]])
    assert np.array_equal(pixels_of(encoded(Image.fromarray(four)), form(four)), four)


def png(samples: np.ndarray, colour_type: int) -> bytes:
    """Of 16 bits; Pillow and OpenCV write no grey with transparency."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width = samples.shape[:2]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in samples)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def test_a_png_of_16_bits_in_grey_with_transparency() -> None:
    two = np.random.default_rng(0).integers(0, 65536, (4, 5, 2)).astype(np.uint16)
    assert np.array_equal(pixels_of(png(two, colour_type=4), form(two)), two >> 8)


def test_files_are_channels_each_resized_alone() -> None:
    planes = [scene(seed, 4, 5)[:, :, 0] for seed in range(4)]
    contents = Contents(tuple(encoded(Image.fromarray(plane)) for plane in planes))
    assert np.array_equal(pixels_of(contents, PixelForm(4, 5, 4, "squash")), np.dstack(planes))
    assert contents.exact_hash != Contents(contents.files[::-1]).exact_hash


def test_numbers_of_records(tmp_path: Path) -> None:
    record = {"red": [1, 2, 3, 4, 5, 6], "blue": "7 8 9 10 11 12", "image": None}
    (tmp_path / "t.json").write_text(json.dumps([record]))
    (tmp_path / "t.csv").write_text("label,p0,p1\nx,5,250\n")
    pd.DataFrame({"p0": [1, 3], "p1": [2, 4]}).to_parquet(tmp_path / "t.parquet")
    with Archives(tmp_path, ["t.json", "t.csv", "t.parquet"]) as archives:
        files = ImageFiles(archives)
        place = (1, len(json.dumps(record)) + 1)
        listed = files.contents(address_in_record("t.json", InRecord(place, ("red", "blue"), "", 2, 3)))
        assert pixels_of(listed, PixelForm(2, 3, 2, "squash"))[1].tolist() == [[4, 10], [5, 11], [6, 12]]
        assert pixels_of(listed, PixelForm(2, 3, 2, "squash", range=(0.0, 51.0)))[0, 0].tolist() == [5, 35]
        columns = files.contents(address_in_record("t.csv", InRecord((12, 20), (), r"p\d", 1, 2)))
        assert pixels_of(columns, PixelForm(1, 2, 3, "squash"))[0].tolist() == [[5, 5, 5], [250, 250, 250]]
        row = files.contents(address_in_record("t.parquet", InRecord((1, 2), (), r"p\d", 1, 2)))
        assert pixels_of(row, PixelForm(1, 2, 1, "squash"))[0, :, 0].tolist() == [3, 4]
        for fields, reason in ((("red", "image"), "does not hold it"), (("green",), "does not hold it .*green")):
            with pytest.raises(Undecodable, match=reason):
                files.contents(address_in_record("t.json", InRecord(place, fields, "", 2, 3)))


def test_numbers_that_are_no_bytes_need_a_range(tmp_path: Path) -> None:
    contents = Contents((np.array([-3, 0.5], np.float32).tobytes(),), InRecord((0, 1), ("a",), "", 1, 2))
    with pytest.raises(Undecodable, match=r"go from -3 to 0.5: give the card's layout.range"):
        pixels_of(contents, PixelForm(1, 2, 1, "squash"))


def test_image_files_in_records(tmp_path: Path) -> None:
    image = scene(0, 4, 5)
    text = base64.b64encode(encoded(image)).decode()
    records = {"a": text, "b": f"data:image/png;base64,{text}"}
    (tmp_path / "t.json").write_text(json.dumps(records))
    with Archives(tmp_path, ["t.json"]) as archives:
        for field in records:
            place = (0, (tmp_path / "t.json").stat().st_size)
            contents = ImageFiles(archives).contents(address_in_record("t.json", InRecord(place, (field,), "", 0, 0)))
            assert np.array_equal(pixels_of(contents, form(image)), image)
