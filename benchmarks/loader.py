"""The training loader against albumentations alone.

python -m benchmarks.loader
"""

from statistics import median
from typing import Any

import albumentations

from benchmarks.clock import PAIRS, seconds_of
from benchmarks.figures import Figure
from benchmarks.images import one_thread
from benchmarks.noise import noise_fold
from foldline.pixels.loaders import EpochOrder, training_loader
from foldline.training.augmentation import build_augmentation
from foldline.training.recipes import Augmentation

PIXELS = 64
BATCH_SIZE = 32
IMAGES = 4096


def measure() -> list[Figure]:
    """On one thread, as each of the loader's workers has."""
    with one_thread():
        return [loader_against_albumentations(recipe) for recipe in ("light", "medium")]


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


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
