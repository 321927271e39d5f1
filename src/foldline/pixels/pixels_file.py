"""`pixels.json`: the key of the pixel cache; equal keys mean equal pixels."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from foldline.files.whole_files import read_json, write_json
from foldline.params.section import Section, parse

Count = Annotated[int, Field(ge=1)]


class PixelsKey(Section):
    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """A hash of the images' contents and of the parameters of decoding and resizing: names the cache's file."""
    count: Count
    height: Count
    width: Count
    channels: Count
    dtype: Literal["uint8", "float16"]
    resize: Literal["squash", "crop", "pad"]
    range: tuple[float, float] | None
    """The numbers that are 0 and 255 in the cache; null for bytes, which are what they are."""
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] | None
    """null: the cache holds the pixels themselves."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.count, self.height, self.width, self.channels


def read_pixels_key(path: Path) -> PixelsKey:
    return parse(read_json(path), PixelsKey, str(path))


def write_pixels_key(path: Path, key: PixelsKey) -> None:
    write_json(path, key.model_dump())
