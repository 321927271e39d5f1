"""`images.parquet`: one line per image of a row; a row has one or more, an image may serve several rows."""

from pathlib import Path

import pandas as pd

from foldline.files.refusal import Refusal
from foldline.files.truths import CURE, read_parquet, require_columns, require_filled, require_unique
from foldline.files.whole_files import whole_file

COLUMNS = ("row", "path", "position", "height", "width", "exact_hash", "perceptual_hash", "error")
"""row: the position in rows.parquet, ascending. path: in the competition's archives, in the form of addresses.py.
position: in the pixel cache; an image that cannot be read has one too, with a blank picture. height, width: pixels,
before resizing. exact_hash: of the file, XXH3 of 128 bits. perceptual_hash: 64 bits as int64. error: why the image
cannot be read, missing for good ones.
"""
MISSING = "there is no such file"
"""The `error` of an image that the competition's tables name and its archives do not hold."""


def read_images(path: Path) -> pd.DataFrame:
    images = read_parquet(path, COLUMNS)
    _check(images, path)
    return images


def write_images(path: Path, images: pd.DataFrame) -> None:
    _check(images, path)
    with whole_file(path) as partial:
        images.to_parquet(partial, index=False)


def _check(images: pd.DataFrame, path: Path) -> None:
    require_columns(images, path, COLUMNS)
    require_filled(images, path, ("row", "path", "position"))
    require_unique(images, path, ("row", "path"))
    for column in ("row", "position"):
        if (images[column] < 0).any():
            raise Refusal(f"{path}: `{column}` is negative in line {(images[column] < 0).idxmax()}. {CURE}")
    if not images["row"].is_monotonic_increasing:
        raise Refusal(f"{path}: `row` is not ascending. {CURE}")
