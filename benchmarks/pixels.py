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
            return [*_measured(Path(folder), images, 192, 0.85), *_measured(Path(folder), images, 224, 0.6)]
    finally:
        cv2.setNumThreads(threads)


def _measured(folder: Path, images: int, side: int, least_share: float) -> list[Figure]:
    form = PixelForm(side, side, 3, "squash")
    jpegs = _jpegs(images)
    names = [f"train/{number}.jpg" for number in range(images)]
    with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
        for name, content in zip(names, jpegs, strict=True):
            archive.writestr(name, content)

    def decode() -> None:
        for content in jpegs:
            cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)

    pairs = [(_seconds(decode), *_built(folder, names, form)) for _ in range(PAIRS)]
    rate_share = median(raw / building for raw, building, *_ in pairs)
    _, _, decoded, pixels = pairs[-1]
    building = median(seconds for _, seconds, *_ in pairs)
    hashing = _seconds(lambda: perceptual_hashes(np.stack([thumbnail(image) for image in pixels])))
    verifying = _seconds(lambda: near_duplicate_pairs(decoded, pixels))
    how = f"{images} JPEGs of {HEIGHT} x {WIDTH} to {side} x {side}, one core"
    share = (hashing + verifying) / building
    return [
        Figure("Cache building / bare decoding: rate", rate_share, least_share, True, "", f"{how}, {PAIRS} pairs"),
        Figure("Hashing and verifying duplicates / cache building", share, 0.15, False, "", how),
    ]


def _built(folder: Path, names: list[str], form: PixelForm) -> tuple[float, pd.DataFrame, np.ndarray]:
    """Seconds, the table of images, their pixels."""
    file = folder / "cache.npy"
    for old in (file, file.with_suffix(".journal")):
        old.unlink(missing_ok=True)
    start = time.perf_counter()
    decoded = build_file(file, folder, [ARCHIVE], names, form, processes=1)
    return time.perf_counter() - start, decoded, np.load(file)


def _jpegs(count: int) -> list[bytes]:
    """Cut-outs of scikit-learn's two photographs, no two alike."""
    photographs = load_sample_images().images
    rng = np.random.default_rng(0)
    cuts = [_cut(photographs[number % len(photographs)], rng) for number in range(count)]
    return [cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes() for cut in cuts]


def _cut(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height = int(rng.integers(200, photograph.shape[0]))
    width = int(rng.integers(280, photograph.shape[1]))
    top, left = rng.integers(photograph.shape[0] - height), rng.integers(photograph.shape[1] - width)
    return cv2.resize(photograph[top : top + height, left : left + width, ::-1], (WIDTH, HEIGHT))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
