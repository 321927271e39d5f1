"""Each finding by hand: what must be found, and what must not."""

import numpy as np
import pandas as pd
import pytest

from foldline.cards.target import Ranked
from foldline.competition.card_suspicions import flat_pictures, labels_alike, misspelt_new_class, unlisted_images

IMAGES = pd.DataFrame({"position": [0, 1, 2, 3], "error": pd.Series([None, None, None, "empty"], dtype="str")})


def of_values(low: float, high: float) -> np.ndarray:
    """Four pictures, all alike, as the cache holds them."""
    return np.tile(np.linspace(low, high, 4).reshape(1, 2, 2, 1), (4, 1, 1, 1))


def test_images_beside_those_of_the_rows_are_shown() -> None:
    names = [
        "train/a/1.jpg",
        "train/b/(b)1.JPG",
        "train/a/1.txt",
        "masks/a/1.jpg",
        "train/1.jpg",
        "test/2.png",
        "3.jpg",
    ]
    [finding] = unlisted_images(names, ["train/a/1.jpg", "test/2.png|test/missing.png"])
    assert finding.startswith(
        "1 images lie where those of the rows lie, but belong to no row: train/b/(b)1.JPG. If they"
    )


def test_files_of_records_and_of_arrays_are_no_images() -> None:
    names = ["X_train.npy", "y_train.npy", "train.csv", "sample.csv"]
    assert list(unlisted_images(names, ["X_train.npy[0]", "X_train.npy[1]", 'train.csv#{"place":[0,1]}'])) == []


def whales(new_class: str | None) -> Ranked:
    return Ranked(kind="ranked", column="Id", new_class=new_class, group=None)


def test_a_new_class_that_is_nearly_one_of_the_labels() -> None:
    [finding] = misspelt_new_class(whales("new_whales"), {"new_whale", "w_1"})
    assert finding.startswith("target.new_class is 'new_whales', which neither train rows nor")
    assert "they have 'new_whale'" in finding
    for new_class in ("new_whale", "unknown", None):
        assert list(misspelt_new_class(whales(new_class), {"new_whale", "w_1"})) == []


def test_labels_that_differ_in_case_or_blanks_alone() -> None:
    [finding] = labels_alike(["cat", "Cat", "dog", "dog ", "cow"])
    assert finding.startswith(
        "2 labels are written in several ways, which are classes of their own: 'cat' and 'Cat', 'dog"
    )
    assert list(labels_alike(["cat", "cats", "c a"])) == []


def test_a_range_that_is_far_too_wide_makes_pictures_of_one_value() -> None:
    [finding] = flat_pictures(IMAGES, of_values(127.5, 127.5).astype(np.float16).__getitem__, (-1.0, 1.0))
    assert finding.startswith("3 of 3 pictures are of one value each, from 0 to 0. layout.range is [-1.0, 1.0]: write")


def test_bytes_of_one_value_have_no_range_to_correct() -> None:
    [finding] = flat_pictures(IMAGES, of_values(7, 7).astype(np.uint8).__getitem__, None)
    assert finding == (
        "3 of 3 pictures are of one value each, from 7 to 7. Look at some of them, and at layout.channels."
    )


@pytest.mark.parametrize("flat", [0, 1])
def test_a_blank_picture_among_others_is_not_suspicious(flat: int) -> None:
    pixels = of_values(0, 9).astype(np.uint8)
    pixels[:flat] = 0
    assert list(flat_pictures(IMAGES, pixels.__getitem__, None)) == []
