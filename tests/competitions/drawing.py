"""What miniatures are drawn with: images in the formats of the competitions, tables, archives."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

Label = str | tuple[str, ...] | tuple[float, ...]


@dataclass(frozen=True)
class Miniature:
    """A small competition in the exact layout of a real one."""

    files: Mapping[str, bytes]
    """As Kaggle serves them: by name, in the folder of downloads."""
    labels: Mapping[str, Label]
    """Each train row's target by its id, as the train table writes it; a tuple for a set of labels."""
    answers: Mapping[str, Label]
    """The hidden truth: each test row's target."""


def numbered(count: int, pattern: str, first: int = 0) -> list[str]:
    return [pattern.format(number) for number in range(first, first + count)]


def pixels(seed: int, height: int = 36, width: int = 48, channels: int = 3) -> np.ndarray:
    """Broad coloured noise (height, width, channels), uint8: no two seeds are alike."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, channels), dtype=np.uint8)
    enlarged = [Image.fromarray(noise[..., channel]).resize((width, height), 3) for channel in range(channels)]
    return np.stack([np.asarray(plane) for plane in enlarged], axis=-1)


def image_file(seed: int, suffix: str = "jpg", mode: str = "RGB") -> bytes:
    """48 x 36 pixels in the format of `suffix`."""
    stored = io.BytesIO()
    drawn = Image.fromarray(pixels(seed)).convert(mode)
    drawn.save(stored, {"jpg": "JPEG", "jpeg": "JPEG", "tif": "TIFF", "png": "PNG"}[suffix])
    return stored.getvalue()


def image_files(paths: Sequence[str], first_seed: int, mode: str = "RGB") -> dict[str, bytes]:
    """An image per path, in the format that its suffix says."""
    return {path: image_file(first_seed + number, path.rpartition(".")[2], mode) for number, path in enumerate(paths)}


def csv(columns: Mapping[str, Any]) -> bytes:
    return pd.DataFrame(columns).to_csv(index=False).encode()


def zipped(entries: Mapping[str, bytes]) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for path, content in entries.items():
            archive.writestr(path, content)
    return stored.getvalue()


def assigned(ids: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    """A label per id, each as often as the others, in no order."""
    shuffled = np.random.default_rng(len(ids)).permutation(len(ids))
    return {row_id: labels[place % len(labels)] for row_id, place in zip(ids, shuffled, strict=True)}
