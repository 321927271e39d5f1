from pathlib import Path

import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.pixels.cache import read_images, write_images

IMAGES = pd.DataFrame(
    {
        "row": [0, 0, 1],
        "path": pd.Series(["a.jpg", "b.jpg", "a.jpg"], dtype="str"),
        "cache_index": [0, 1, 0],
        "height": [3, 0, 3],
        "width": [4, 0, 4],
        "exact_hash": pd.Series(["x", "y", "x"], dtype="str"),
        "perceptual_hash": [-1, 0, -1],
        "error": pd.Series([None, "empty file", None], dtype="str"),
    }
)


def test_images_read_back_as_they_were(tmp_path: Path) -> None:
    write_images(tmp_path / "images.parquet", IMAGES)

    pd.testing.assert_frame_equal(read_images(tmp_path / "images.parquet"), IMAGES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cache_index": [0, -1, 0]}, "`cache_index` is negative in row 1"),
        ({"row": [1, 0, 1], "path": ["a", "b", "c"]}, "`row` is not ascending"),
        ({"path": ["a.jpg", "a.jpg", "a.jpg"]}, "1 rows repeat an earlier one's key, the first is row"),
        ({"path": ["a.jpg", None, "a.jpg"]}, "1 rows have no `path`"),
    ],
)
def test_untrue_images_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "images.parquet"
    IMAGES.assign(**change).to_parquet(path, index=False)

    with pytest.raises(Refusal) as refusal:
        read_images(path)

    assert message in str(refusal.value)
