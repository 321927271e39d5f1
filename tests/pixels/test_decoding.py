"""Files of every kind become upright 8-bit pixels, or a reason."""

import io
import struct
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from foldline.pixels.decoding import DecodedPixels, decode, plain_size
from foldline.pixels.headers import ORIENTATION_TAG
from foldline.pixels.image_files import Contents, image_into
from foldline.pixels.resizing import PixelForm
from foldline.pixels.undecodable import Undecodable
from tests.pixels.drawn import encoded, scene

IMAGE = scene(0, 40, 30)
GREY = np.asarray(Image.fromarray(IMAGE).convert("L"))


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF", "WEBP", "GIF", "JPEG2000"])
def test_lossless_formats_in_colour(format_name: str) -> None:
    image = IMAGE
    if format_name == "GIF":
        image = np.asarray(Image.fromarray(IMAGE).quantize(16).convert("RGB"))
    options = {"lossless": True} if format_name == "WEBP" else {}
    decoded = decode(encoded(image, format_name, **options), 3)
    assert np.array_equal(decoded.pixels, image)
    assert (decoded.height, decoded.width) == (40, 30)


def test_a_jpeg_is_what_opencv_makes_of_it() -> None:
    content = encoded(IMAGE, "JPEG")
    expected = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decode(content, 3).pixels, expected[:, :, ::-1])


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "CMYK"])
def test_modes_without_transparency_are_pillows(mode: str) -> None:
    image = Image.fromarray(IMAGE).convert(mode)
    content = encoded(image, "TIFF")
    assert np.array_equal(decode(content, 3).pixels, np.asarray(image.convert("RGB")))
    if mode != "RGB":  # OpenCV rounds its grey of colours differently
        assert np.array_equal(decode(content, 1).pixels[:, :, 0], np.asarray(image.convert("L")))


@pytest.mark.parametrize(
    ("header", "kind", "numbers"),
    [(b"P5 4 1 100\n", np.uint8, [0, 20, 50, 100]), (b"P5 4 1 1000\n", ">u2", [0, 200, 500, 1000])],
)
def test_white_is_the_number_that_a_pgm_says(header: bytes, kind: str, numbers: list[int]) -> None:
    content = header + np.array(numbers, kind).tobytes()
    assert decode(content, 1).pixels[0, :, 0].tolist() == [0, 51, 128, 255]


def test_colours_become_grey_by_their_luminance() -> None:
    red_green_blue = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert np.allclose(decode(encoded(red_green_blue), 1).pixels[0, :, 0], [76, 150, 29], atol=1)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_are_white(mode: str) -> None:
    image = Image.new("RGBA", (2, 1))
    image.putdata([(10, 10, 10, 255), (10, 10, 10, 0)])  # type: ignore[arg-type]
    for format_name in ("PNG", "TIFF"):
        assert decode(encoded(image.convert(mode), format_name), 1).pixels[0, :, 0].tolist() == [10, 255]


def test_a_transparent_colour_is_white_too() -> None:
    grey = Image.fromarray(np.array([[7, 9]], np.uint8))
    assert decode(encoded(grey, transparency=7), 3).pixels[0, :, 0].tolist() == [255, 9]
    assert decode(encoded(grey.convert("P"), transparency=7), 3).pixels[0, :, 0].tolist() == [255, 9]


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_keep_their_high_byte(format_name: str, channels: int) -> None:
    samples = Image.fromarray(np.array([[0, 256, 32768, 65535]], np.uint16))
    assert decode(encoded(samples, format_name), channels).pixels[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(format_name: str, orientation: int) -> None:
    bars = np.zeros((32, 64, 3), np.uint8)
    bars[:16, :16] = 255  # where the corner goes tells the eight apart, with the sides
    bars[:16, 16:32] = 128
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    options = {"quality": 100} if format_name in ("JPEG", "WEBP") else {}
    decoded = decode(encoded(bars, format_name, exif=exif, **options), 3)
    upright = Image.fromarray(bars)
    upright.getexif()[ORIENTATION_TAG] = orientation
    expected = np.asarray(ImageOps.exif_transpose(upright)).astype(int)
    assert (decoded.height, decoded.width) == expected.shape[:2]
    assert np.abs(decoded.pixels - expected).max() <= 8


@pytest.mark.parametrize(
    ("needed", "scale"),
    [
        ((400, 533), 1),
        ((229, 300), 1),
        ((228, 305), 1),
        ((228, 304), 2),
        ((115, 152), 2),
        ((114, 152), 4),
        ((57, 76), 8),
        ((9, 9), 8),
    ],
)
def test_the_codec_shrinks_to_an_eighth_less_than_needed_at_most(needed: tuple[int, int], scale: int) -> None:
    image = scene(1, 400, 533)
    decoded = decode(encoded(image, "JPEG"), 3, lambda height, width: needed)
    assert decoded.pixels.shape[:2] == (-(-400 // scale), -(-533 // scale))
    assert (decoded.height, decoded.width) == (400, 533)


def test_a_sideways_jpeg_is_shrunk_by_its_upright_size() -> None:
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    content = encoded(scene(1, 100, 800), "JPEG", exif=exif)
    decoded = decode(content, 3, lambda height, width: (height // 4, width // 4))
    assert decoded.pixels.shape == (200, 25, 3)
    assert (decoded.height, decoded.width) == (800, 100)


def test_the_first_of_several_frames() -> None:
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (10, 200)]
    content = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert decode(content, 1).pixels.max() == 10


def read(content: bytes) -> DecodedPixels:
    """As the cache is filled: whatever a codec raises is a reason."""
    return image_into(np.empty((64, 64, 3), np.uint8), Contents((content,)), PixelForm(64, 64, 3, "squash"))


def test_a_scanned_slide_is_larger_than_what_pillow_takes_for_an_attack() -> None:
    slide = Image.new("L", (13_400, 13_400), 7)
    decoded = decode(encoded(slide, "TIFF", compression="packbits"), 1)
    assert (decoded.height, decoded.width) == (13_400, 13_400)
    assert decoded.pixels[-1, -1] == 7


def test_more_pixels_than_opencv_reads_end_in_a_cure() -> None:
    content = encoded(IMAGE, "JPEG").replace(struct.pack(">HH", *GREY.shape), struct.pack(">HH", 40_000, 30_000))
    with pytest.raises(Undecodable, match=r"more than the 2\^30 pixels .* set .* OPENCV_IO_MAX_IMAGE_PIXELS to more"):
        read(content)


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
def test_a_truncated_file(format_name: str, share: float) -> None:
    content = encoded(IMAGE, format_name)
    with pytest.raises(Undecodable) as undecodable:
        read(content[: int(len(content) * share)])
    assert "0x" not in str(undecodable.value)  # an address in memory would differ from run to run


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"<html>404</html>", "of no known image format (it begins with 3c 68 74 6d 6c 3e 34 30)"),
        (encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"), "32 bits wide and have no fixed range"),
    ],
)
def test_what_is_no_image(content: bytes, reason: str) -> None:
    with pytest.raises(Undecodable) as undecodable:
        read(content)
    assert reason in str(undecodable.value)


def test_hostile_bytes_end_in_a_reason_or_an_image() -> None:
    rng = np.random.default_rng(0)
    for format_name in ("JPEG", "PNG", "TIFF", "WEBP", "BMP"):
        whole = encoded(IMAGE, format_name)
        for _ in range(20):
            broken = bytearray(whole)
            for place in rng.integers(0, len(broken), 5):
                broken[place] = rng.integers(256)
            try:
                pixels = read(bytes(broken)).pixels
            except Undecodable:
                continue
            assert pixels.dtype == np.uint8 and pixels.shape[2] == 3


PIXELS = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)


def jpeg(mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [jpeg(), jpeg("L"), jpeg(progressive=True), jpeg(subsampling=0, comment=b"by hand"), jpeg(restart_marker_rows=1)],
    ids=["colour", "grey", "progressive", "comment", "restarts"],
)
def test_plain_ones_tell_their_size(content: bytes) -> None:
    assert plain_size(content) == (37, 53)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(exif=exif)


@pytest.mark.parametrize(
    "content",
    [
        turned(),
        jpeg("CMYK"),
        jpeg(icc_profile=b"profile"),
        jpeg()[:30],
        b"\xff\xd8\xff\xe0\x00\x02" * 3,
        b"\x89PNG\r\n",
        b"",
    ],
    ids=["exif", "cmyk", "profile", "cut off", "another start", "png", "empty"],
)
def test_of_all_others_they_say_nothing(content: bytes) -> None:
    assert plain_size(content) is None


def test_what_is_read_so_is_what_pillow_would_have_made_of_it() -> None:
    """The same image, once plain, once with an EXIF block that turns nothing."""
    exif = Image.Exif()
    exif[0x0112] = 1
    plain, described = decode(jpeg(), 3), decode(jpeg(exif=exif), 3)
    assert (plain.height, plain.width) == (described.height, described.width) == (37, 53)
    assert np.array_equal(plain.pixels, described.pixels)
