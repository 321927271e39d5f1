"""What later stages read of the images: `images.parquet`, `pixels.json`, and the pixel cache itself.

The cache is `<key>.npy` (the pixels) or `<key>.jpegs` in a folder of caches. Who only reads it knows nothing of how
images are decoded.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, PositiveInt

from foldline.files.refusal import Refusal
from foldline.files.truths import CURE, read_parquet, require_columns, require_filled, require_types, require_unique
from foldline.files.whole_files import numbers_file, read_json, write_json
from foldline.params.section import Section, parse
from foldline.pixels.cached_pixels import CachedPixels, Shape
from foldline.pixels.stores import Store, store_of

COLUMNS = ("row", "path", "cache_index", "height", "width", "exact_hash", "perceptual_hash", "error")
"""row: the index in rows.parquet, ascending. path: in the competition's archives, in the form of addresses.py.
cache_index: in the pixel cache; an image that cannot be read has one too, with a blank image. height, width: pixels,
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
    with numbers_file(path) as partial:
        images.to_parquet(partial, index=False)


def _check(images: pd.DataFrame, path: Path) -> None:
    require_columns(images, path, COLUMNS)
    require_filled(images, path, ("row", "path", "cache_index"))
    require_types(images, path, text=("path",), whole=("row", "cache_index"))
    require_unique(images, path, ("row", "path"))
    for column in ("row", "cache_index"):
        if (images[column] < 0).any():
            raise Refusal(f"{path}: `{column}` is negative in row {(images[column] < 0).idxmax()}. {CURE}")
    if not images["row"].is_monotonic_increasing:
        raise Refusal(f"{path}: `row` is not ascending. {CURE}")


class PixelsKey(Section):
    """`pixels.json`: the key of the pixel cache; equal keys mean equal pixels."""

    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """A hash of the images' contents and of the parameters of decoding and resizing: names the cache's file."""
    count: PositiveInt
    height: PositiveInt
    width: PositiveInt
    channels: PositiveInt
    dtype: Literal["uint8", "float16"]
    resize: str
    range: tuple[float, float] | None
    """The numbers that are 0 and 255 in the cache; null for bytes, which are what they are."""
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] | None
    """null: the cache holds the pixels themselves."""

    @property
    def store(self) -> Store:
        return store_of(self.jpeg_quality)

    @property
    def shape(self) -> Shape:
        return self.count, self.height, self.width, self.channels


def read_pixels_key(path: Path) -> PixelsKey:
    return parse(read_json(path), PixelsKey, str(path))


def read_pixels_of(path: Path, height: int, width: int) -> PixelsKey:
    """Raises Refusal where the cache is of images of another size than the section `prepare` asks for."""
    key = read_pixels_key(path)
    if (key.height, key.width) != (height, width):
        raise Refusal(
            f"{path} is of images of {key.height} x {key.width} pixels, prepare.height_pixels and "
            f"prepare.width_pixels say {height} x {width}. Run `dvc repro prepare`."
        )
    return key


def write_pixels_key(path: Path, key: PixelsKey) -> None:
    write_json(path, key.model_dump())


def open_pixels(caches: Path, key: PixelsKey, build_again: Callable[[], object]) -> CachedPixels:
    """The cache of `key`, memory-mapped and read-only: count x height x width x channels, uint8 or float16.

    JPEGs are decoded as they are asked for; the index is the same, `pixels[cache_index]`. `build_again` is called when
    the file is absent (another machine, a cleaned disk). Raises Refusal when that built another one, or the file is
    damaged.
    """
    path = caches / f"{key.key}{key.store.suffix}"
    if not path.exists():
        build_again()
        if not path.exists():
            raise Refusal(
                f"{path} is absent, and what was built instead has another key: the images are not those that the "
                "stage `prepare` read. Run `dvc repro`."
            )
    with suppress(PermissionError):
        os.utime(path)  # the time of last use, by which old caches are pruned
    return _mapped(path, key)


def _mapped(path: Path, key: PixelsKey) -> CachedPixels:
    try:
        pixels = key.store.opened(path, key.shape)
    except Exception as error:  # of a damaged header numpy raises whatever its parsers do
        raise Refusal(f"{path} is damaged ({error}). Remove it, it will be built again.") from None
    if pixels.shape != key.shape or pixels.dtype != key.dtype:
        raise Refusal(f"{path} is {pixels.dtype} of {pixels.shape}, not {key.shape}. Remove it and run again.")
    return pixels
