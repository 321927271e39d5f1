import numpy as np
import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.predicting.predicted_rows import row_images

ROWS = pd.DataFrame({"part": ["train", "train", "test", "test"], "row_id": ["a", "b", "a", "c"]})
IMAGES = pd.DataFrame(
    {
        "row": [0, 1, 1, 2, 3, 3],
        "cache_index": [10, 11, 12, 13, 14, 15],
        "error": [None, None, "truncated", None, "empty", "empty"],
    }
)


def test_images_come_in_the_order_of_the_ids_without_unreadable_ones() -> None:
    images = row_images(ROWS, IMAGES, ["b", "a"], "train")
    np.testing.assert_array_equal(images.cache_indices, [11, 10])
    np.testing.assert_array_equal(images.rows, [0, 1])


def test_a_row_of_unreadable_images_is_predicted_from_their_blanks() -> None:
    images = row_images(ROWS, IMAGES, ["a", "c"], "test")
    np.testing.assert_array_equal(images.cache_indices, [13, 14, 15])
    np.testing.assert_array_equal(images.rows, [0, 1, 1])
    np.testing.assert_array_equal(images.firsts, [13, 14])


def test_a_subset_of_the_rows_has_its_images_alone() -> None:
    np.testing.assert_array_equal(row_images(ROWS, IMAGES, ["b"], "train").cache_indices, [11])


def test_a_row_without_images_is_named() -> None:
    with pytest.raises(Refusal, match=r"no image of 1 test rows: c\."):
        row_images(ROWS, IMAGES[:4], ["a", "c"], "test")
