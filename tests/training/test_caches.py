"""A fold trains on caches of JPEGs and of numbers as on one of pixels, and goes on where it was stopped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from accelerate import Accelerator

from foldline.pixels.stores import JpegPixels, JpegStore
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import train_fold, write_trained
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold
from tests.training.small import small_fold, train_section

OUTS = ("model.safetensors", "history.csv", "metrics.json")


class Stopped(Exception):
    """As by a signal, at the end of an epoch."""


class StoppingCheckpoints(Checkpoints):
    def save(self, state: dict) -> None:
        super().save(state)
        raise Stopped


def of_jpegs(folder: Path) -> Fold:
    fold = small_fold()
    file, store = folder / "cache.jpegs", JpegStore(kind="jpeg", quality=95)
    store.reserve(file, fold.pixels.shape, "uint8")
    store.finish(file, [(0, store.write(file, 0, fold.pixels))])
    return replace(fold, pixels=JpegPixels(file, fold.pixels.shape))


def of_numbers(folder: Path) -> Fold:
    """Five channels, some beyond the range, the class in one of them."""
    fold, generator = small_fold(), np.random.default_rng(1)
    others = generator.normal(100, 90, (*fold.pixels.shape[:3], 4))
    np.save(folder / "cache.npy", np.concatenate([others, fold.pixels], axis=3).astype(np.float16))
    return replace(fold, pixels=np.load(folder / "cache.npy", mmap_mode="r"))


def trained(fold: Fold, config: Train, checkpoints: Checkpoints, folder: Path) -> dict[str, bytes]:
    write_trained(folder, train_fold(fold, config, checkpoints, Accelerator(cpu=True)))
    return {name: (folder / name).read_bytes() for name in OUTS}


@pytest.mark.parametrize("draw", [of_jpegs, of_numbers])
def test_trains_and_resumes_to_the_same_weights(draw: Callable[[Path], Fold], tmp_path: Path) -> None:
    fold, config = draw(tmp_path), train_section(epochs=2)
    straight = trained(fold, config, Checkpoints(tmp_path / "a", {}), tmp_path / "straight")
    with pytest.raises(Stopped):
        trained(fold, config, StoppingCheckpoints(tmp_path / "b", {}), tmp_path / "stopped")
    assert trained(fold, config, Checkpoints(tmp_path / "b", {}), tmp_path / "stopped") == straight
    losses = [float(line.split(",")[1]) for line in straight["history.csv"].decode().splitlines()[1:]]
    assert len(losses) == 2 and np.isfinite(losses).all()
