"""`pixels.json`: the key of the pixel cache; equal keys mean equal pixels."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from foldline.config.section import Section, parse
from foldline.files import read_json, write_json

Count = Annotated[int, Field(ge=1)]


class PixelsKey(Section):
    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """A hash of the images' contents and of the parameters of decoding and resizing: names the cache's file."""
    count: Count
    height: Count
    width: Count
    channels: Count
    dtype: Literal["uint8"]
    resize: Literal["squash", "crop", "pad"]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.count, self.height, self.width, self.channels


def read_pixels_key(path: Path) -> PixelsKey:
    return parse(read_json(path), PixelsKey, str(path))


def write_pixels_key(path: Path, key: PixelsKey) -> None:
    write_json(path, key.model_dump())
