"""Every image in one size, by hand and against Pillow."""

import cv2
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from foldline.pixels.decoding import decode
from foldline.pixels.resizing import PixelForm, resized, scaled_size
from tests.pixels.drawn import encoded, scene


@pytest.mark.parametrize(
    ("resize", "size", "expected"),
    [
        ("squash", (400, 500), (100, 100)),
        ("crop", (400, 500), (100, 125)),
        ("pad", (400, 500), (80, 100)),
        ("crop", (500, 400), (125, 100)),
        ("pad", (50, 40), (100, 80)),
        ("pad", (1, 1000), (1, 100)),
        ("crop", (1000, 999), (100, 100)),
    ],
)
def test_scaled_size(resize: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert scaled_size(*size, PixelForm(100, 100, 3, resize)) == expected  # type: ignore[arg-type]


def test_pad_lays_the_image_in_the_middle_of_black() -> None:
    padded = resized(np.full((2, 4, 1), 9, np.uint8), PixelForm(4, 4, 1, "pad"))
    assert padded[:, :, 0].tolist() == [[0] * 4, [9] * 4, [9] * 4, [0] * 4]


def test_crop_takes_the_middle() -> None:
    columns = np.tile(np.array([0, 10, 20, 30], np.uint8)[:, np.newaxis], (2, 1, 1))
    assert resized(columns, PixelForm(2, 2, 1, "crop"))[:, :, 0].tolist() == [[10, 20], [10, 20]]


def test_the_same_size_is_the_same_image() -> None:
    image = scene(0, 20, 30)
    assert np.array_equal(resized(image, PixelForm(20, 30, 3, "squash")), image)


def test_half_the_size_is_the_mean_of_four() -> None:
    squares = np.array([[0, 4, 100, 100], [8, 12, 100, 100]], np.uint8)[:, :, np.newaxis]
    assert resized(squares, PixelForm(1, 2, 1, "squash"))[:, :, 0].tolist() == [[6, 100]]


@pytest.mark.parametrize("size", [(224, 224), (64, 64), (30, 200), (20, 20)])
def test_shrinking_is_nearly_free_of_aliases(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 533, 3), dtype=np.uint8)
    reference = Image.fromarray(noise).resize(size[::-1], Image.Resampling.BOX)
    bilinear = cv2.resize(noise, size[::-1], interpolation=cv2.INTER_LINEAR)
    ours = resized(noise, PixelForm(*size, 3, "squash"))
    assert error(ours, reference) < 0.6 * error(bilinear, reference)


@pytest.mark.parametrize("side", [224, 192, 100])
def test_what_the_codec_reduced_is_near_the_mean_of_the_whole_photograph(side: int) -> None:
    photograph = np.ascontiguousarray(load_sample_image("china.jpg")[10:410, 50:582])
    form, content = PixelForm(side, side, 3, "squash"), encoded(photograph, "JPEG", quality=90)
    whole, reduced = decode(content, 3).pixels, decode(content, 3, lambda *size: scaled_size(*size, form)).pixels
    assert reduced.shape[0] < whole.shape[0]
    mean = cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(resized(reduced, form) - mean).mean() < np.abs(cv2.resize(whole, (side, side)) - mean).mean()
    assert np.abs(resized(reduced, form) - mean).mean() < 4  # grey levels, of one of the sharpest images there are


def error(pixels: np.ndarray, reference: Image.Image) -> float:
    return float(np.sqrt(np.mean((pixels.astype(float) - np.asarray(reference)) ** 2)))


@pytest.mark.parametrize("size", [(8, 8), (8, 800), (800, 8), (1, 1)])
@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_fits(size: tuple[int, int], resize: str, channels: int) -> None:
    form = PixelForm(24, 40, channels, resize)  # type: ignore[arg-type]
    grey = resized(np.full((*size, channels), 77, np.uint8), form)
    assert grey.shape == (24, 40, channels)
    assert grey.max() == 77


def test_shrinking_one_side_and_growing_the_other() -> None:
    stripes = np.repeat(np.array([[0], [200]], np.uint8), 4_000, axis=1)[:, :, np.newaxis]
    out = resized(stripes, PixelForm(10, 10, 1, "squash"))[:, :, 0]
    assert (out[0] == 0).all() and (out[-1] == 200).all()
