"""Images drawn by tests, and their files."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image


def scene(seed: int, height: int = 64, width: int = 96) -> np.ndarray:
    """A smooth random image with structure at all scales (height x width x 3), different for each seed."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(size=(side, side, 3)), (width, height), interpolation=cv2.INTER_CUBIC) / side**0.5
        for side in (3, 6, 12, 24)
    ]
    image = np.sum(layers, axis=0)
    low, high = image.min(), image.max()
    return ((image - low) / (high - low) * 255).astype(np.uint8)


def encoded(pixels: np.ndarray | Image.Image, format_name: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(content, format_name, **options)
    return content.getvalue()


def zipped(path: Path, entries: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def damage(archive: Path, content: bytes) -> None:
    """Overwrite a stored member of a zip: whoever reads it meets another checksum."""
    archive.write_bytes(archive.read_bytes().replace(content, bytes(len(content)), 1))


def npy(array: np.ndarray) -> bytes:
    stored = io.BytesIO()
    np.save(stored, array)
    return stored.getvalue()
