"""Killed with SIGKILL at any moment and run again, a training ends as if it had never been stopped."""

import time
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from foldline.config.average import Average
from tests.learning.small import TRAIN, small_fold, train_section
from tests.learning.together import start_together, train_together

FORWARD = {"kind": "forward", "batches": 3}
AVERAGES: dict[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "ema": {"kind": "ema", "decay": 0.9, "statistics": FORWARD},
    "ema_trained": {
        "kind": "ema",
        "decay": 0.9,
        "statistics": {"kind": "training", "batches": 3, "rate": 1e-7},
    },
    "ema_span": {"kind": "ema_span", "span_epochs": 2.0, "statistics": FORWARD},
    "mean_of_steps": {"kind": "mean", "from_epoch": 2, "every": "step", "statistics": FORWARD},
    "mean_of_epochs": {"kind": "mean", "from_epoch": 3, "every": "epoch", "statistics": FORWARD},
}
MODEL = TRAIN["model"] | {"drop_rate": 0.3, "drop_path_rate": 0.1}
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


def check(world: int, workers: int, average: str, folder: Path) -> None:
    config = train_section(epochs=8, average=AVERAGES[average], workers=workers, model=MODEL)
    kill_once_a_checkpoint_lies_there(world, config, folder / "killed")
    assert list(folder.glob("killed/checkpoints/*/state.pt"))
    train_together(world, small_fold(), config, folder / "killed")
    train_together(world, small_fold(), config.model_copy(update={"workers": 0}), folder / "straight")
    for name in ("model.safetensors", "history.csv", "metrics.json"):
        killed, straight = (folder / run / "process0" / name for run in ("killed", "straight"))
        assert killed.read_bytes() == straight.read_bytes()


@pytest.mark.parametrize(("world", "workers"), [(1, 2), (2, 0)])
def test_under_the_average_of_the_recipes(world: int, workers: int, tmp_path: Path) -> None:
    check(world, workers, "ema", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("average", sorted(AVERAGES))
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("world", [1, 2])
def test_under_every_average(world: int, workers: int, average: str, tmp_path: Path) -> None:
    check(world, workers, average, tmp_path)


def test_no_average_is_left_out() -> None:
    kinds = {kind for one in get_args(get_args(Average)[0]) for kind in get_args(one.model_fields["kind"].annotation)}
    assert {average["kind"] for average in AVERAGES.values()} == kinds
