"""Killed with SIGKILL at any moment and run again, a training ends as if it had never been stopped."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.small import small_fold, train_section
from tests.training.together import start_together, train_together
from tests.training.variants import VARIANTS

MOMENTS = np.random.default_rng(0)


def kill_once_a_checkpoint_lies_there(world: int, config: Any, folder: Path) -> None:
    """At a moment that nothing foresees: most often inside an epoch."""
    children = start_together(world, small_fold(), config, folder)
    while not list(folder.glob("checkpoints/*/state.pt")):
        assert all(child.exitcode is None for child in children)
        time.sleep(0.002)
    time.sleep(MOMENTS.uniform(0, 0.15))
    for child in children:
        child.kill()
    for child in children:
        child.join()


def check(world: int, workers: int, variant: str, folder: Path) -> None:
    config = train_section(epochs=8, workers=workers, **VARIANTS[variant])
    kill_once_a_checkpoint_lies_there(world, config, folder / "killed")
    assert list(folder.glob("killed/checkpoints/*/state.pt"))
    train_together(world, small_fold(), config, folder / "killed")
    train_together(world, small_fold(), config.model_copy(update={"workers": 0}), folder / "straight")
    for name in ("model.safetensors", "history.csv", "metrics.json"):
        killed, straight = (folder / run / "process0" / name for run in ("killed", "straight"))
        assert killed.read_bytes() == straight.read_bytes()


def test_with_loader_processes(tmp_path: Path) -> None:
    """Two processes that learn together: test_stage.py kills these."""
    check(1, 2, "none", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("variant", sorted(VARIANTS))
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("world", [1, 2])
def test_under_every_average_and_technique(world: int, workers: int, variant: str, tmp_path: Path) -> None:
    check(world, workers, variant, tmp_path)
