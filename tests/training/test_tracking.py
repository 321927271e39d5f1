"""Trackers show the history, row by row: through TensorBoard's own reader, after kills, and when they fail."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator
from accelerate.tracking import GeneralTracker
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from foldline.files.refusal import Refusal
from foldline.training import tracking
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import Trained, train_fold, write_trained
from foldline.training.history import COLUMNS
from foldline.training.trackers import TrackerName, refuse_absent
from foldline.training.tracking import Opened, Run, as_logged, start_trackers
from foldline.training.training_setup import Fold
from tests.training.small import small_fold, train_section

NAME = "fold1-seed0-0a1b2c3d"
CONFIG = train_section(epochs=2, average={"kind": "none"})


class DyingCheckpoints(Checkpoints):
    """A process is killed when an epoch is told and its checkpoint is not yet written."""

    last_epoch = 0

    def save(self, state: dict[str, Any]) -> None:  # type: ignore[override]
        if len(state["progress"]["history"]) == self.last_epoch:
            os.kill(os.getpid(), signal.SIGKILL)
        super().save(state)


def run_of(folder: Path) -> Run:
    return Run("dogs", NAME, folder / "trackers", {"train": {"epochs": 2}, "folds": [0, 1]})


def train_tracked(
    folder: Path, trackers: Sequence[TrackerName], last_epoch: int = 0, fold: Fold | None = None
) -> Trained:
    checkpoints = DyingCheckpoints(folder / "checkpoints", {})
    checkpoints.last_epoch = last_epoch
    accelerator = Accelerator(cpu=True)
    start_trackers(trackers, run_of(folder), accelerator)
    trained = train_fold(fold or small_fold(), CONFIG, checkpoints, accelerator)
    accelerator.end_training()
    write_trained(folder, trained)
    return trained


def told(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """By TensorBoard's reader: of each number the steps, in its order, and the values."""
    found = EventAccumulator(str(folder / "trackers" / NAME)).Reload()
    return {tag: [(one.step, one.value) for one in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def require_the_history(folder: Path, trained: Trained) -> None:
    found = told(folder)
    assert set(found) == set(COLUMNS)
    for column in COLUMNS:
        assert [step for step, _ in found[column]] == [row["epoch"] for row in trained.history]
        assert [value for _, value in found[column]] == pytest.approx([row[column] for row in trained.history], 1e-6)


def test_a_killed_training_goes_on_in_the_same_run_and_no_epoch_shows_twice(tmp_path: Path) -> None:
    killed = multiprocessing.get_context("fork").Process(target=train_tracked, args=(tmp_path, ["tensorboard"], 2))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert [step for step, _ in told(tmp_path)["train_loss"]] == [1, 2]
    require_the_history(tmp_path, train_tracked(tmp_path, ["tensorboard"]))
    (config,) = tmp_path.glob("trackers/*/*/hparams.yml")
    assert config.read_text() == "folds: '[0, 1]'\ntrain.epochs: 2\n"
    train_tracked(tmp_path / "untold", [])
    for name in ("model.safetensors", "history.csv", "metrics.json"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "untold" / name).read_bytes()
    assert not (tmp_path / "untold" / "trackers").exists()


def test_of_a_training_on_all_rows_the_one_whose_history_is_written_is_told(tmp_path: Path) -> None:
    whole = replace(small_fold(count=20), name="all_head0", before=small_fold(count=13))
    require_the_history(tmp_path, train_tracked(tmp_path, ["tensorboard"], fold=whole))


class Unreachable(GeneralTracker):
    """Of a server that is there at first."""

    name = "wandb"
    requires_logging_directory = False
    tracker = None

    def log(self, values: dict, step: int | None = None, **kwargs: Any) -> None:
        if step == 2:
            raise ConnectionError("no answer to the key abcdef123456")


def test_a_tracker_that_fails_is_left_out_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "abcdef123456")
    monkeypatch.setattr(tracking, "OPENERS", {**tracking.OPENERS, "wandb": lambda *_: Opened(Unreachable(), False)})
    require_the_history(tmp_path, train_tracked(tmp_path, ["wandb", "tensorboard"]))
    said = [line for line in capsys.readouterr().out.splitlines() if "tracker" in line]
    assert said == [
        f"{NAME}: the tracker wandb fails and is left out; training goes on (ConnectionError: no answer to the key ***)"
    ]


def test_a_tracker_that_is_not_installed_is_refused_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlflow").mkdir()  # As some of them leave one behind.
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "wandb", None)
    refuse_absent(["tensorboard"])
    for name in ("wandb", "mlflow"):
        with pytest.raises(Refusal, match=rf"`trackers` has {name}, .* \(pip install 'foldline\[{name}\]'\)"):
            refuse_absent(["tensorboard", name])


def test_parameters_of_any_depth_have_a_line_each() -> None:
    nested = {"folds": [0, "all"], "train": {"epochs": 3, "model": {"name": "resnet18", "own": None}, "compile": False}}
    assert as_logged(nested) == {
        "folds": "[0, 'all']",
        "train.epochs": 3,
        "train.model.name": "resnet18",
        "train.model.own": "None",
        "train.compile": False,
    }
