"""Images to measure with: drawn ones of which no two are alike, cut-outs of photographs, and their cache."""

import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from sklearn.datasets import load_sample_images

from foldline.pixels.building import build_file
from foldline.pixels.resizing import PixelForm

HEIGHT, WIDTH, QUALITY = 400, 533, 90
NOISE_SIDES = (3, 6, 12, 24)
COARSER = 4
SHAPES = 12
GRAIN = 6
ARCHIVE = "train.zip"


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV's own threads off: what is measured is a core."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def drawn(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Ellipses over each other on noise of all scales: edges, a spectrum and JPEGs as large as a photograph's, no two
    alike. Only the finest grain is cut out of the same noise for all."""
    rng = np.random.default_rng(seed)
    coarse = (width // COARSER, height // COARSER)
    layers = [rng.standard_normal((side, side, 3), np.float32) * (30 / side**0.5) for side in NOISE_SIDES]
    noise = 128 + np.sum([cv2.resize(layer, coarse, interpolation=cv2.INTER_LINEAR) for layer in layers], axis=0)
    image = cv2.resize(np.clip(noise, 0, 255).astype(np.uint8), (width, height))
    for _ in range(SHAPES):
        centre = int(rng.integers(width)), int(rng.integers(height))
        axes = int(rng.integers(2, width // 4)), int(rng.integers(2, height // 4))
        cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, rng.uniform(0, 255, 3).tolist(), -1)
    top, left = rng.integers(height), rng.integers(width)
    return cv2.add(image, grain(height, width)[top : top + height, left : left + width], dtype=cv2.CV_8U)


@cache
def grain(height: int, width: int) -> np.ndarray:
    """Twice as high and wide as the images that it is for."""
    return np.random.default_rng(0).normal(0, GRAIN, (2 * height, 2 * width, 3)).astype(np.int16)


def photographs(count: int) -> list[np.ndarray]:
    """Cut-outs of scikit-learn's two photographs: as hard to decode as photographs are."""
    whole, rng = load_sample_images().images, np.random.default_rng(0)
    return [_cut(whole[number % len(whole)], rng) for number in range(count)]


def _cut(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height = int(rng.integers(200, photograph.shape[0]))
    width = int(rng.integers(280, photograph.shape[1]))
    top, left = rng.integers(photograph.shape[0] - height), rng.integers(photograph.shape[1] - width)
    return cv2.resize(photograph[top : top + height, left : left + width, ::-1], (WIDTH, HEIGHT))


def jpeg(image: np.ndarray, quality: int = QUALITY) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def built(files: Sequence[bytes], form: PixelForm) -> tuple[float, pd.DataFrame, np.ndarray]:
    """Of a cache built by this process alone from a zip, as competitions serve them: seconds, the table of images,
    their pixels."""
    names = [f"train/{number}" for number in range(len(files))]
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(Path(folder) / ARCHIVE, "w") as archive:
            for name, content in zip(names, files, strict=True):
                archive.writestr(name, content)
        cache = Path(folder) / "cache.npy"
        start = time.perf_counter()
        decoded = build_file(cache, Path(folder), [ARCHIVE], names, form, processes=1)
        return time.perf_counter() - start, decoded, np.load(cache)
