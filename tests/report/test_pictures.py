"""Pictures of all kinds of pixels; each once, and together never more than was allowed."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from foldline.report.pictures import Pictures, heat, shown, stretched


def image_of(address: str) -> Image.Image:
    head, _, data = address.partition(",")
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize(
    ("channels", "dtype", "mode"),
    [
        *((1, "uint8", "L"), (2, "uint8", "L"), (3, "uint8", "RGB"), (5, "uint8", "RGB")),
        *((1, "float16", "L"), (4, "float16", "RGB")),
    ],
)
def test_pixels_of_any_kind_show(channels: int, dtype: str, mode: str) -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, (3, 200, 100, channels)).astype(dtype)
    pictures = Pictures(pixels)
    name = pictures.of(2)
    assert name is not None
    drawn = image_of(pictures.data[name])
    assert drawn.size == (48, 96)
    assert np.asarray(drawn.convert("L")).std() > 5
    assert shown(pixels[2], 96).mode == mode


def test_numbers_are_stretched_between_their_own_percentiles() -> None:
    pixels = np.linspace(-300, 700, 400, dtype=np.float16).reshape(20, 20, 1)
    values = np.asarray(shown(pixels, 96))
    assert (values.min(), values.max()) == (0, 255)
    assert np.asarray(shown(np.full((4, 4, 1), 3, np.float16), 96)).tolist() == [[0] * 4] * 4


def test_small_pictures_lose_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    pictures = Pictures(pixels)
    pictures.of(0)
    assert np.array_equal(np.asarray(image_of(pictures.data["i0"])), pixels[0])


def test_each_picture_is_there_once_and_never_beyond_what_is_allowed() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    one = Pictures(pixels)
    assert [one.of(7), one.of(7)] == ["i7", "i7"]
    size = one.spent_bytes
    assert size == len(one.data["i7"])
    few = Pictures(pixels, most_bytes=4 * size)
    named = [few.of(index) for index in range(40)]
    assert 2 <= len(few.data) <= 6
    assert [name for name in named if name] == list(few.data)
    assert named[-1] is None
    assert few.spent_bytes == sum(map(len, few.data.values())) <= 4 * size
    assert few.of(0) == "i0", "what is there costs nothing more"


def test_what_can_be_afforded_follows_from_the_pictures_so_far() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    pictures = Pictures(pixels, most_bytes=100_000)
    pictures.of(0)
    assert pictures.affordable(0.5) == int(0.5 * (100_000 - pictures.spent_bytes) / pictures.spent_bytes)


def test_a_map_is_the_more_opaque_the_higher_it_is() -> None:
    alpha = np.asarray(heat(np.array([[0.0, 0.5], [1.0, 2.0]])))[:, :, 3]
    assert alpha.tolist() == [[0, 100], [200, 200]]
    pictures = Pictures(np.zeros((1, 8, 8, 1), np.uint8))
    assert pictures.overlay("r0", np.eye(7)) == "mr0"
    assert image_of(pictures.data["mr0"]).mode == "RGBA"


def test_a_version_of_an_image_is_on_that_images_scale_and_may_be_larger() -> None:
    """Brighter than the image means brighter in its picture, which a scale of its own would hide."""
    numbers = np.linspace(0, 50, 400 * 300, dtype=np.float16).reshape(1, 400, 300, 1)
    pictures = Pictures(numbers)
    name = pictures.version("brighter", numbers[0] + 25, numbers[0])
    assert name is not None
    drawn = image_of(pictures.data[name])
    assert drawn.size == (144, 192)
    assert np.median(np.asarray(drawn.convert("L"))) > 240
    bytes_of = stretched(np.array([[[-5.0, 12.4, 12.6, 300.0]]], np.float32), np.zeros((1, 1, 4), np.uint8))
    assert bytes_of.tolist() == [[[0, 12, 13, 255]]]
