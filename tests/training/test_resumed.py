"""Stopped at an epoch's end and run again, a training ends with the bytes of one that was never stopped."""

from pathlib import Path

import pytest
from accelerate import Accelerator

from foldline.params.kinds import by_kind
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import train_fold, write_trained
from foldline.training.train_part import Kind
from foldline.training.train_section import Train
from tests.training.small import small_fold, train_section
from tests.training.variants import VARIANTS

FILES = ("model.safetensors", "history.csv", "metrics.json")


class Killed(BaseException):
    pass


class DyingCheckpoints(Checkpoints):
    """The process ends right after the checkpoint of some epoch."""

    last_epoch = 0

    def save(self, state: dict) -> None:  # type: ignore[override]
        super().save(state)
        if len(state["progress"]["history"]) == self.last_epoch:
            raise Killed


def run(config: Train, folder: Path, last_epoch: int | None = None) -> None:
    checkpoints = DyingCheckpoints(folder / "checkpoints", {}, config.soup.epochs_in(config.epochs))
    checkpoints.last_epoch = last_epoch or 0
    write_trained(folder, train_fold(small_fold(), config, checkpoints, Accelerator(cpu=True)))


@pytest.mark.parametrize(
    ("variant", "workers", "last_epoch"),
    [
        ("none", 2, 1),
        ("ema", 0, 2),
        ("ema_trained", 0, 1),
        ("ema_span", 2, 2),
        ("mean_of_steps", 0, 1),
        ("mean_of_epochs", 0, 2),
        ("none", 0, 3),
    ],
)
def test_it_ends_the_same(
    variant: str, workers: int, last_epoch: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the first epoch and after the second; after the last, when only the files were missing."""
    config = train_section(**VARIANTS[variant])
    run(config, tmp_path / "straight")
    interrupted = config.model_copy(update={"workers": workers})
    with pytest.raises(Killed):
        run(interrupted, tmp_path / "stopped", last_epoch)
    capsys.readouterr()
    run(interrupted, tmp_path / "stopped")
    assert f"fold 1, seed 0: resuming from checkpoint (epoch {last_epoch}/" in capsys.readouterr().out
    for name in FILES:
        assert (tmp_path / "straight" / name).read_bytes() == (tmp_path / "stopped" / name).read_bytes()


@pytest.mark.parametrize(
    "part", ["average", "optimizer", "freezing", "schedule", "imbalance", "mixing", "head_initialisation", "soup"]
)
def test_no_kind_is_left_out(part: str) -> None:
    values = [train_section(**variant).model_dump()[part] for variant in VARIANTS.values()]
    assert {value["kind"] for value in values} == kinds(part)


def kinds(part: str) -> set[str]:
    """All that there are of the section's part (test_own_kinds.py resumes one's own)."""
    return {*by_kind(Train.model_fields[part].rebuild_annotation(), Kind)} - {"python"}
