"""Filling the pixel cache against OpenCV's bare decoding, and the search for duplicates against filling the cache.

python -m benchmarks.pixels
"""

import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import pandas as pd
from sklearn.datasets import load_sample_images

from benchmarks.figures import Figure
from foldline.images.building import build_file
from foldline.images.duplicates import near_duplicate_pairs
from foldline.images.hashing import perceptual_hashes, thumbnail
from foldline.images.resizing import PixelForm

HEIGHT, WIDTH, QUALITY = 400, 533, 90
PAIRS = 7
ARCHIVE = "train.zip"


def measure(images: int = 600) -> list[Figure]:
    """One process, one thread: `images` JPEGs in a zip, as competitions serve them."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            photographs, drawings = _photographs(images), _drawings(images)
            rates = [_rate(Path(folder), photographs, side) for side in (192, 224)]
            return [*rates, _duplicates(Path(folder), drawings)]
    finally:
        cv2.setNumThreads(threads)


def _rate(folder: Path, pictures: list[np.ndarray], side: int) -> Figure:
    """At 192 the codec can halve; at 224 it cannot, since 200 lines would be too few."""
    jpegs = _jpegs(pictures)

    def decode() -> None:
        for content in jpegs:
            cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)

    pairs = [(_seconds(decode), _built(folder, jpegs, side)[0]) for _ in range(PAIRS)]
    share = median(raw / building for raw, building in pairs)
    how = f"{len(jpegs)} JPEGs of {HEIGHT} x {WIDTH}, one core, median of {PAIRS} pairs"
    return Figure(f"Cache at {side} x {side} / bare decoding: rate", share, 0.85, True, "", how)


def _duplicates(folder: Path, pictures: list[np.ndarray]) -> Figure:
    building, decoded, pixels = _built(folder, _jpegs(pictures), 224)
    hashing = _seconds(lambda: perceptual_hashes(np.stack([thumbnail(image) for image in pixels])))
    verifying = _seconds(lambda: near_duplicate_pairs(decoded, pixels))
    share = (hashing + verifying) / building
    how = f"{len(pictures)} different JPEGs of {HEIGHT} x {WIDTH}, one core"
    return Figure("Hashing and verifying duplicates / cache building", share, 0.15, False, "", how)


def _built(folder: Path, jpegs: list[bytes], side: int) -> tuple[float, pd.DataFrame, np.ndarray]:
    """Seconds, the table of images, their pixels."""
    names = [f"train/{number}.jpg" for number in range(len(jpegs))]
    with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
        for name, content in zip(names, jpegs, strict=True):
            archive.writestr(name, content)
    file = folder / "cache.npy"
    for old in (file, file.with_suffix(".journal")):
        old.unlink(missing_ok=True)
    start = time.perf_counter()
    decoded = build_file(file, folder, [ARCHIVE], names, PixelForm(side, side, 3, "squash"), processes=1)
    return time.perf_counter() - start, decoded, np.load(file)


def _jpegs(pictures: list[np.ndarray]) -> list[bytes]:
    return [cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes() for picture in pictures]


def _photographs(count: int) -> list[np.ndarray]:
    """Cut-outs of scikit-learn's two photographs: as hard to decode as photographs are."""
    whole, rng = load_sample_images().images, np.random.default_rng(0)
    return [_cut(whole[number % len(whole)], rng) for number in range(count)]


def _cut(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height = int(rng.integers(200, photograph.shape[0]))
    width = int(rng.integers(280, photograph.shape[1]))
    top, left = rng.integers(photograph.shape[0] - height), rng.integers(photograph.shape[1] - width)
    return cv2.resize(photograph[top : top + height, left : left + width, ::-1], (WIDTH, HEIGHT))


def _drawings(count: int) -> list[np.ndarray]:
    """Noise at every scale: no two are alike, as in a competition."""
    return [_drawing(np.random.default_rng(seed)) for seed in range(count)]


def _drawing(rng: np.random.Generator) -> np.ndarray:
    layers = [
        cv2.resize(rng.normal(size=(side, side, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) / side**0.5
        for side in (3, 6, 12, 24, 48, 96, 192)
    ]
    picture = np.sum(layers, axis=0)
    return ((picture - picture.min()) / (picture.max() - picture.min()) * 255).astype(np.uint8)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
