"""Filling the pixel cache against OpenCV's bare decoding.

python -m benchmarks.pixels
"""

from statistics import median

import cv2
import numpy as np

from benchmarks.clock import PAIRS, seconds_of
from benchmarks.figures import Figure
from benchmarks.images import HEIGHT, WIDTH, built, jpeg, one_thread, photographs
from foldline.pixels.resizing import PixelForm

SIDES = (192, 224)
"""The codec halves 400 rows to 200: a little more than is needed, and a little less."""


def measure(images: int = 1_000) -> list[Figure]:
    """One process, one thread. Building is all of it: reading the archive, hashes, decoding, resizing, writing."""
    files = [jpeg(image) for image in photographs(images)]
    with one_thread():
        return [_rate(files, side) for side in SIDES]


def _rate(files: list[bytes], side: int) -> Figure:
    def decode() -> None:
        for content in files:
            cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)

    form = PixelForm(side, side, 3, "squash")
    share = median(seconds_of(decode) / built(files, form)[0] for _ in range(PAIRS))
    how = f"{len(files)} JPEGs of {HEIGHT} x {WIDTH}, one core, median of {PAIRS} interleaved pairs"
    return Figure(f"Cache at {side} x {side} / bare decoding: rate", share, 0.85, True, "", how)


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
