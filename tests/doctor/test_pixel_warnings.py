"""Images that a range does not fit: each finding by hand, and what must not be found."""

import re

import numpy as np
import pandas as pd
import pytest

from foldline.doctor.pixel_warnings import pixel_warnings

IMAGES = pd.DataFrame(
    {
        "cache_index": [0, 1, 2, 3],
        "height": 2,
        "width": 2,
        "error": pd.Series([None, None, None, "empty"], dtype="str"),
    }
)


def of_values(low: float, high: float) -> np.ndarray:
    """Four images, all alike, as the cache holds them."""
    return np.tile(np.linspace(low, high, 4).reshape(1, 2, 2, 1), (4, 1, 1, 1))


def test_a_range_that_is_far_too_wide_makes_images_of_one_value() -> None:
    [finding] = pixel_warnings(IMAGES, of_values(127.5, 127.5).astype(np.float16).__getitem__, (-1.0, 1.0))
    assert finding.startswith("3 of 3 images are of one value each, from 0 to 0. layout.range is [-1.0, 1.0]. Write")


def test_bytes_of_one_value_have_no_range_to_correct() -> None:
    [finding] = pixel_warnings(IMAGES, of_values(7, 7).astype(np.uint8).__getitem__, None)
    assert finding == (
        "3 of 3 images are of one value each, from 7 to 7. Look at some of them, and at layout.channels."
    )


@pytest.mark.parametrize("flat", [0, 1])
def test_a_blank_image_among_others_is_no_finding(flat: int) -> None:
    pixels = of_values(0, 90).astype(np.uint8)
    pixels[:flat] = 0
    assert list(pixel_warnings(IMAGES, pixels.__getitem__, None)) == []


@pytest.mark.parametrize(
    ("lowest", "highest", "value_range", "said"),
    [
        (0, 15, None, "all lie between about 0 and 15. Files .* By this it is \\[0, 4095\\]"),
        (127, 141, (-32768.0, 32767.0), "less than a tenth of layout.range, .*: all lie between about -129 and 3.47e"),
        (-255, 510, (0.0, 100.0), "50% of the .* outside of layout.range, .* they go from about -100 to 200. Write"),
    ],
)
def test_a_range_that_is_not_the_images(
    lowest: float, highest: float, value_range: tuple[float, float] | None, said: str
) -> None:
    pixels = of_values(lowest, highest).astype(np.uint8 if value_range is None else np.float16)
    [finding] = pixel_warnings(IMAGES, pixels.__getitem__, value_range)
    assert re.search(said, finding), finding


def test_noise_that_is_lost_in_the_doctors_small_images_is_no_finding() -> None:
    image_at = of_values(120, 135).astype(np.float16).__getitem__
    assert len(list(pixel_warnings(IMAGES.assign(width=16), image_at, (-5.0, 5.0)))) == 1
    assert list(pixel_warnings(IMAGES.assign(width=17), image_at, (-5.0, 5.0))) == []


def test_a_bright_spot_beyond_the_range_is_no_finding() -> None:
    pixels = np.tile(np.linspace(0, 255, 100).reshape(1, 10, 10, 1), (4, 1, 1, 1)).astype(np.float16)
    pixels[:, 0, 0] = 60_000
    assert list(pixel_warnings(IMAGES, pixels.__getitem__, (0.0, 1.0))) == []
