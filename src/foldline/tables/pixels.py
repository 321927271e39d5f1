"""`pixels.json`: the key of the pixel cache; equal keys mean equal bytes."""

from pathlib import Path
from typing import Literal

from foldline.config.section import Section, parse
from foldline.files import read_json, write_json


class PixelsKey(Section):
    key: str
    """A hash of the images' contents and of the parameters of decoding and resizing: names the cache's file."""
    count: int
    height: int
    width: int
    channels: int
    dtype: Literal["uint8"]
    resize: str


def read_pixels_key(path: Path) -> PixelsKey:
    return parse(read_json(path), PixelsKey, str(path))


def write_pixels_key(path: Path, key: PixelsKey) -> None:
    write_json(path, key.model_dump())
