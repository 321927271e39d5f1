"""The features that a report's map is of: those of the first fold's model, made where that is soon done."""

import os
import subprocess
import sys
from functools import partial

from foldline.files.parent import die_with_parent, same_code
from foldline.files.places import FoldName
from foldline.files.refusal import Refusal, counted
from foldline.pixels.cache import read_pixels_key
from foldline.predicting.feature_space import Space
from foldline.report.sections.map import PART, STAGE
from pipelines.feature_spaces import fold_space
from pipelines.running import Settings

MAKER = "pipelines.features"
SOON_ON_PROCESSOR, SOON_ON_GPU = 25_000_000, 1_000_000_000
"""Pixels of all images: two cores take a ResNet-50 through five hundred of 224 x 224 in less than a minute."""


def mapped_space(settings: Settings) -> Space:
    """Raises Refusal where there is no model of a fold; and, with the command that makes its features, where there are
    none and they would take long."""
    folds = [fold for fold in settings.section("folds", tuple[FoldName, ...]) if isinstance(fold, int)]
    if not folds:
        raise Refusal("No fold has rows that its model has not learned from: `folds` in params.yaml lists none.")
    space = fold_space(settings, folds[0], settings.section("train.seeds", tuple[int, ...])[0])
    if not space.has(PART, "identity", [STAGE]):
        _make(space, [*space.command.split()[2:], "--rows", PART, "--stages", STAGE], settings)
    return space


def _make(space: Space, arguments: list[str], settings: Settings) -> None:
    """In a process of its own, which may start several."""
    key, images = read_pixels_key(settings.places.pixels), len(space.images[PART].rows)
    if not _is_soon_done(images * key.height * key.width):
        raise Refusal(
            f"{space.name} has no features of its {counted(images, 'image', 'images')} yet: run `foldline features "
            f"{' '.join(arguments)}`, then this again"
        )
    print(f"{space.name}: features of {counted(images, 'image', 'images')} are made first")
    environment, bound = {**os.environ, **same_code()}, partial(die_with_parent, os.getpid())
    if subprocess.run([sys.executable, "-m", MAKER, *arguments], env=environment, preexec_fn=bound).returncode:
        raise Refusal(f"the features of {space.name} could not be made, for the reason above")


def _is_soon_done(pixels: int) -> bool:
    if pixels <= SOON_ON_PROCESSOR:
        return True
    import torch  # Heavy.

    return torch.cuda.is_available() and pixels <= SOON_ON_GPU
