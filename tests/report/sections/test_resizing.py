"""What resizing does to images: which are shown, and what is said of each, worked out by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from foldline.archive.archives import Archives
from foldline.pixels.image_files import ImageFiles
from foldline.pixels.resizing import PixelForm
from foldline.report.page import Galleries
from foldline.report.pictures import Pictures
from foldline.report.sections.resizing import (
    at_fraction,
    fate,
    original,
    range_of,
    resized_images,
    typical_and_extreme,
)
from tests.report.sections.prepared_rows import prepared_rows
from tests.training.small import train_section


@pytest.mark.parametrize(
    ("size", "resize", "said"),
    [
        ((100, 100), "crop", "not scaled"),
        ((400, 400), "pad", "scaled to 100 x 100"),
        # Height to 100, width 200, of which the middle half stays.
        ((200, 400), "crop", "scaled to 100 x 200, 50% cut off"),
        # Width to 100, height 50: half of the picture is black.
        ((200, 400), "pad", "scaled to 50 x 100, 50% black"),
        # Height by a half, width by a quarter.
        ((200, 400), "squash", "scaled to 100 x 100, 0.5 times as wide for its height"),
        ((400, 200), "squash", "scaled to 100 x 100, 2 times as wide for its height"),
    ],
)
def test_what_becomes_of_an_image(size: tuple[int, int], resize: Literal["crop", "pad", "squash"], said: str) -> None:
    assert fate(size, PixelForm(100, 100, 3, resize)) == said


@pytest.mark.parametrize(
    ("sizes", "most", "found"),
    [
        # All alike: places evenly by rank.
        ([(8, 8)] * 9, 3, {1: [], 4: [], 7: []}),
        ([(8, 8)], 6, {0: []}),
        (
            [(10, 10), (10, 40), (40, 10), (50, 50), (9, 9), (20, 20)],
            4,
            {1: ["the widest"], 2: ["the tallest"], 3: ["the largest"], 4: ["the smallest"]},
        ),
        # Two are two things each; of the rest, by area, the middle.
        (
            [(10, 10), (10, 60), (12, 12), (14, 14), (13, 13)],
            3,
            {1: ["the widest", "the largest"], 0: ["the tallest", "the smallest"], 4: []},
        ),
        ([(9, 9), (9, 9), (9, 9)], 6, {0: [], 1: [], 2: []}),
        ([(9, 9), (10, 10)], 6, {1: ["the largest"], 0: ["the smallest"]}),
    ],
)  # fmt: skip
def test_the_extremes_and_some_between(sizes: list[tuple[int, int]], most: int, found: Mapping[int, list[str]]) -> None:
    assert typical_and_extreme(np.array(sizes), most) == found


def test_a_training_sees_the_mean_of_pixels_at_half_the_size() -> None:
    pixels = np.array([[0, 4, 8, 8], [4, 8, 8, 8]], np.uint8)[:, :, np.newaxis]
    assert at_fraction(pixels, 1.0).tolist() == pixels.tolist()
    flat = np.full((4, 6, 1), 7, np.uint8)
    assert at_fraction(flat, 0.5).tolist() == [[[7.0]] * 3] * 2


def test_the_range_of_sizes() -> None:
    assert range_of(np.array([(8, 20), (10, 12)])) == "8 x 12 to 10 x 20"
    assert range_of(np.array([(8, 8)])) == "8 x 8"


def test_each_image_beside_what_a_model_sees_of_it_and_sees_in_training(tmp_path: Path) -> None:
    """The second image is not in the archives."""
    images = prepared_rows([0, 1], ("cat", "dog")).images.assign(height=[16, 40], width=[24, 30])
    prepared = prepared_rows([0, 1], ("cat", "dog"), images=images)
    train = train_section(resolution={"start_fraction": 0.5, "end_fraction": 0.75, "growing_epochs": 2})
    pictures, form = Pictures(prepared.pixels), PixelForm(8, 12, 3, "squash")
    file = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
    Image.fromarray(file).save(tmp_path / "t0.png")

    with Archives(tmp_path, ["t0.png"]) as archives:
        files = ImageFiles(archives)
        section = resized_images(prepared, form, train, files, pictures)
        whole = original(files, "t0.png", (16, 24), form)
        assert whole is not None
        assert np.array_equal(whole, file)
        assert original(files, "t1.png", (40, 30), form) is None

    assert section.title == "Images of 16 x 24 to 40 x 30 become 8 x 12 by squash"
    (together,) = section.body
    assert isinstance(together, Galleries)
    first, second = together.galleries
    assert (first.title, first.lede) == ("t0.png, the widest, the smallest", "scaled to 8 x 12")
    assert [list(figure.lines) for figure in first.figures] == [
        ["in its file", "16 x 24"], ["to a model", "8 x 12"], ["in training", "4 x 6"],
    ]  # fmt: skip
    assert [figure.lines[0] for figure in second.figures] == ["to a model", "in training"]
    assert second.lede == "scaled to 8 x 12, 2 times as wide for its height"


def test_a_large_image_is_copied_in_its_own_aspect(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((30, 1024, 3), np.uint8)).save(tmp_path / "long.png")
    with Archives(tmp_path, ["long.png"]) as archives:
        whole = original(ImageFiles(archives), "long.png", (30, 1024), PixelForm(8, 8, 3, "crop"))
    assert whole is not None
    assert whole.shape == (8, 256, 3)
