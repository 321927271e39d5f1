"""The training loader against albumentations alone, and what checking each image's hash takes of it.

python -m benchmarks.loader
"""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import albumentations
import numpy as np

from benchmarks.clock import PAIRS, seconds_of
from benchmarks.figures import Figure
from benchmarks.noise import noise_fold
from benchmarks.pictures import one_thread
from foldline.pixels.cached_pixels import CachedPixels
from foldline.pixels.loaders import EpochOrder, training_loader
from foldline.pixels.stores import PixelStore
from foldline.training.augmentation import build_augmentation
from foldline.training.recipes import Augmentation

PIXELS = 64
BATCH_SIZE = 32
IMAGES = 4096


def measure() -> list[Figure]:
    """On one thread, as each of the loader's workers has."""
    with one_thread():
        return [
            *(loader_against_albumentations(recipe) for recipe in ("light", "medium")),
            *(hashes_against_loader(side) for side in (64, 224)),
        ]


def loader_against_albumentations(recipe: str) -> Figure:
    """One process: batches of augmented tensors, against the same transforms by albumentations, image by image."""
    fold = noise_fold(IMAGES, PIXELS)
    described = Augmentation.model_validate({"recipe": recipe, "transforms": []})
    # One each: `Compose` makes the transforms that it is given draw from its own random generators.
    augment, theirs = (build_augmentation(described, fold.pixels.shape[1:], ["horizontal_flip"]) for _ in range(2))
    assert augment is not None and theirs is not None
    own: Any = theirs.transforms  # none is a person's own, which albumentations would not take
    alone = albumentations.Compose([albumentations.HorizontalFlip(p=0.5), *own])
    order = EpochOrder(len(fold.training), BATCH_SIZE, (0,), 0, 1)
    loader = training_loader(fold.pixels, fold.training.cache_indices, augment, order, workers=0)

    def load() -> None:
        for _ in loader:
            pass

    def transform() -> None:
        for image in fold.pixels:
            alone(image=image)

    pairs = [seconds_of(transform) / seconds_of(load) for _ in range(PAIRS)]
    how = f"recipe `{recipe}`, {PIXELS} pixels, no workers, one thread; median of {PAIRS} interleaved pairs"
    return Figure("loader / albumentations alone, images per second", median(pairs), 0.9, True, "", how)


def hashes_against_loader(side: int) -> Figure:
    """Of an epoch's loading alone: its training comes on top, so that the share of a whole epoch is smaller."""
    fold = noise_fold(IMAGES // (side // PIXELS) ** 2, side)
    recipe = Augmentation.model_validate({"recipe": "light", "transforms": []})
    augment = build_augmentation(recipe, fold.pixels.shape[1:], ["horizontal_flip"])
    order = EpochOrder(len(fold.training), BATCH_SIZE, (0,), 0, 1)
    with TemporaryDirectory() as folder:
        store, file = PixelStore(kind="pixels"), Path(folder) / "cache.npy"
        store.reserve(file, fold.pixels.shape, "uint8")
        store.finish(file, [(0, store.write(file, 0, np.asarray(fold.pixels)))])
        pixels, bare = store.opened(file, fold.pixels.shape), np.load(file, mmap_mode="r")
        loader = training_loader(pixels, fold.training.cache_indices, augment, order, workers=0)

        def read(images: CachedPixels) -> None:
            for index in range(len(images)):
                np.array(images[index])

        def load() -> None:
            for _ in loader:
                pass

        read(bare)
        shares = [
            (seconds_of(lambda: read(pixels)) - seconds_of(lambda: read(bare))) / seconds_of(load) for _ in range(PAIRS)
        ]
    how = f"recipe `light`, {side} pixels, no workers, one thread; median of {PAIRS}"
    return Figure("Checking the hashes of the cache / loading an epoch of it", median(shares), 0.02, False, "", how)


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
