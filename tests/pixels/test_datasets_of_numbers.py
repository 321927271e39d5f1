"""Caches of numbers and of JPEGs reach the loaders as caches of pixels do."""

from pathlib import Path

import numpy as np
import torch

from foldline.pixels.datasets import EvaluationImages, TrainingImages
from foldline.pixels.stores import JpegPixels, JpegWriter
from tests.pixels.pictures import scene

NUMBERS = np.linspace(-20, 300, 3 * 4 * 4 * 2).astype(np.float16).reshape(3, 4, 4, 2)
POSITIONS = np.array([2, 0])


def test_numbers_are_float32_and_augmented_between_0_and_1() -> None:
    seen = []

    def augment(image: np.ndarray, seed: int) -> np.ndarray:
        seen.append(image)
        return image[:, ::-1]

    images, index = TrainingImages(NUMBERS, POSITIONS, augment).__getitems__([(1, 7), (0, 8)])
    assert images.dtype == torch.float32 and index.tolist() == [1, 0]
    assert np.allclose(images[0].permute(1, 2, 0), NUMBERS[0, :, ::-1].astype(np.float32), atol=1e-4)
    assert np.allclose(seen[0], NUMBERS[0].astype(np.float32) / 255)
    plain, _ = EvaluationImages(NUMBERS, POSITIONS).__getitems__([0])
    assert np.array_equal(plain[0].permute(1, 2, 0), NUMBERS[2].astype(np.float32))


def test_jpegs_are_bytes(tmp_path: Path) -> None:
    pictures = np.stack([scene(seed, 16, 16) for seed in range(3)])
    store = JpegWriter(tmp_path / "cache.jpegs", 95, pictures.nbytes)
    store.reserve()
    store.write(0, pictures)
    store.finish([(0, 3)])
    images, _ = EvaluationImages(JpegPixels(store.file, pictures.shape), POSITIONS).__getitems__([0, 1])
    assert images.dtype == torch.uint8
    assert np.abs(images.permute(0, 2, 3, 1).numpy().astype(int) - pictures[[2, 0]]).mean() < 12
