"""Killed with SIGKILL at any moment and run again, a training ends as if it had never been stopped."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.small import small_fold, train_section
from tests.training.together import start_together, train_together
from tests.training.variants import VARIANTS

MOMENTS = np.random.default_rng(0)


def kill_once_a_checkpoint_lies_there(world: int, config: Any, folder: Path, awaited: str = "state.pt") -> None:
    """At a moment that nothing foresees: most often inside an epoch."""
    children = start_together(world, small_fold(), config, folder)
    while not list(folder.glob(f"checkpoints/*/{awaited}")):
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
    assert list(folder.glob("killed/checkpoints/*/*.pt"))
    train_together(world, small_fold(), config, folder / "killed")
    train_together(world, small_fold(), config.model_copy(update={"workers": 0}), folder / "straight")
    require_same_end(folder)


def require_same_end(folder: Path) -> None:
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


def flip(path: Path) -> None:
    """One bit, anywhere."""
    content = bytearray(path.read_bytes())
    content[MOMENTS.integers(len(content))] ^= 1 << MOMENTS.integers(8)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: MOMENTS.integers(path.stat().st_size)])


def damage_and_go_on(damage: Callable[[Path], None], both: bool, folder: Path, world: int = 1) -> None:
    """After a kill. Whatever state serves, and if none does, the training ends as one that was never stopped."""
    config = train_section(epochs=6)
    shutil.rmtree(folder / "killed", ignore_errors=True)
    kill_once_a_checkpoint_lies_there(world, config, folder / "killed", "before.pt")
    states = sorted(folder.glob("killed/checkpoints/*/*.pt"), key=lambda path: path.name != "state.pt")
    for path in states if both else states[:1]:
        damage(path)
    train_together(world, small_fold(), config, folder / "killed")
    if not (folder / "straight").exists():
        train_together(world, small_fold(), config, folder / "straight")
    require_same_end(folder)


def test_a_damaged_checkpoint_is_told_and_the_one_before_serves(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    damage_and_go_on(flip, False, tmp_path)
    told = capfd.readouterr().out
    assert re.search(r"fold 1, seed 0: the checkpoint .*\.pt is damaged, its bytes are not those written", told)
    damage_and_go_on(cut, True, tmp_path)
    assert re.search(r"is damaged, .*; starting anew", capfd.readouterr().out)


@pytest.mark.faults
@pytest.mark.parametrize("world", [1, 2])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("damage", [flip, cut])
def test_damaged_checkpoints_of_killed_trainings(
    damage: Callable[[Path], None], both: bool, world: int, tmp_path: Path, outcome: Callable[..., None]
) -> None:
    for _ in range(4):
        damage_and_go_on(damage, both, tmp_path, world)
        outcome("a checkpoint is damaged, and the training is run again", "healed")
