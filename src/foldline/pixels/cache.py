"""The pixel cache as later stages read it: `<key>.npy` (the pixels) or `<key>.jpegs` in a folder of caches.

Who only reads it knows nothing of how images are decoded.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json, write_json
from foldline.params.section import Section, parse
from foldline.pixels.stores import CachedPixels, Shape, Store, store_of

Count = Annotated[int, Field(ge=1)]


class PixelsKey(Section):
    """`pixels.json`: the key of the pixel cache; equal keys mean equal pixels."""

    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """A hash of the images' contents and of the parameters of decoding and resizing: names the cache's file."""
    count: Count
    height: Count
    width: Count
    channels: Count
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


def write_pixels_key(path: Path, key: PixelsKey) -> None:
    write_json(path, key.model_dump())


def cache_file(caches: Path, key: PixelsKey) -> Path:
    return caches / f"{key.key}{key.store.suffix}"


def open_pixels(caches: Path, key: PixelsKey, build_again: Callable[[], object]) -> CachedPixels:
    """The cache of `key`, memory-mapped and read-only: count x height x width x channels, uint8 or float16.

    JPEGs are decoded as they are asked for; the index is the same, `pixels[positions]`. `build_again` is called when
    the file is absent (another machine, a cleaned disk). Raises Refusal when that built another one, or the file is
    damaged.
    """
    path = cache_file(caches, key)
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
    except ValueError as error:
        raise Refusal(f"{path} is damaged ({error}). Remove it, it will be built again.") from None
    if pixels.shape != key.shape or pixels.dtype != key.dtype:
        raise Refusal(f"{path} is {pixels.dtype} of {pixels.shape}, not {key.shape}. Remove it and run again.")
    return pixels
