"""A training in phases is each by itself, from the weights of the one before; killed anywhere, it ends the same."""

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from accelerate import Accelerator

from foldline.files.refusal import Refusal
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import Trained, train_fold, write_trained
from foldline.training.history import read_history
from foldline.training.loop import train
from foldline.training.measuring import NonFiniteCheck, validation
from foldline.training.models import load_model
from foldline.training.rate_finder import Sweep, sweep_fold
from foldline.training.train_section import Train
from foldline.training.training_setup import build_training, fold_seed, training_batches
from tests.training.small import run_dry, small_fold, train_section
from tests.training.test_killed import kill_once_a_checkpoint_lies_there, require_same_end
from tests.training.together import train_together

FOLD = small_fold()
CROP = {"recipe": "none", "transforms": [{"HorizontalFlip": {"p": 0.5}}]}
COSINE = {"kind": "warmup_cosine", "warmup_epochs": 0, "start_factor": 1.0, "end_factor": 0.0}
RATES = {"kind": "layer_decay", "head": 0.002, "backbone": 0.002, "layer_decay": 1.0, "groups": "stages"}
GRADUAL = {"kind": "gradual", "head_epochs": 1, "stage_epochs": 0, "batchnorm": "eval"}
MASKED: dict[str, Any] = {
    "name": "masked",
    "epochs": 2,
    "save_model": True,
    "augmentation": {"recipe": {"kind": "mask", "probability": 0.5, "block_pixels": 2}, "transforms": []},
    "keep": "best",
}
CROPPED: dict[str, Any] = {
    "name": "crop",
    "epochs": 2,
    "save_model": False,
    "augmentation": CROP,
    "schedule": COSINE,
    "learning_rates": RATES,
    "freezing": GRADUAL,
}


def section(*phases: dict[str, Any], **changes: Any) -> Train:
    return train_section(**{"epochs": sum(phase["epochs"] for phase in phases), "phases": list(phases), **changes})


def trained(config: Train, folder: Path) -> Trained:
    checkpoints = Checkpoints(folder / "checkpoints", {})
    result = train_fold(FOLD, config, checkpoints, Accelerator(cpu=True), folder / "phases")
    write_trained(folder / "process0", result)
    return result


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """Never killed: its folder, and what it ended with."""
    folder = tmp_path_factory.mktemp("phases") / "straight"
    return folder, trained(section(MASKED, CROPPED), folder)


def test_one_phase_is_the_training_itself(tmp_path: Path) -> None:
    plain, phase = tmp_path / "plain" / "process0", tmp_path / "phase" / "process0"
    trained(train_section(epochs=2), tmp_path / "plain")
    trained(section({"name": "only", "epochs": 2, "save_model": False}), tmp_path / "phase")
    assert (plain / "model.safetensors").read_bytes() == (phase / "model.safetensors").read_bytes()
    assert (plain / "metrics.json").read_bytes() == (phase / "metrics.json").read_bytes()
    history = read_history(phase / "history.csv")
    assert history.pop("phase").tolist() == ["only"] * 2
    pd.testing.assert_frame_equal(history, read_history(plain / "history.csv"))


def test_a_phase_begins_with_the_weights_that_the_one_before_hands_on(
    straight: tuple[Path, Trained], tmp_path: Path
) -> None:
    """Equal to both trained by hand: the first by itself, the second from its best weights, in an order of its own."""
    folder, result = straight
    of_first = {key: MASKED[key] for key in ("epochs", "augmentation", "keep")}
    first = trained(train_section(**of_first), tmp_path / "first")
    fold, accelerator = replace(FOLD, phase=1), Accelerator(cpu=True)
    assert fold_seed(fold) != fold_seed(FOLD)
    config = train_section(**{key: CROPPED[key] for key in CROPPED if key not in ("name", "save_model")})
    batches = training_batches(fold, config, accelerator)
    setup = build_training(fold, config, len(batches), accelerator.device, first.model.state_dict())
    validate = validation(fold.pixels, fold.validation, setup.judged_by, config, accelerator)
    *_, last = train(setup, batches, validate, NonFiniteCheck((), 1, tmp_path), None, accelerator)
    by_hand, found = setup.average.model.state_dict(), result.model.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in by_hand.items())
    lines = [line | {"epoch": line["epoch"] + 2} for line in last["progress"]["history"]]
    assert result.history == [*first.history, *lines]
    assert result.kept == result.history[-1]
    written = read_history(folder / "process0" / "history.csv")
    assert written["phase"].tolist() == ["masked"] * 2 + ["crop"] * 2
    assert written["epoch"].tolist() == [1, 2, 3, 4]
    kept = load_model(folder / "phases" / "masked.safetensors").state_dict()
    assert all(torch.equal(kept[name], tensor) for name, tensor in first.model.state_dict().items())
    assert [path.name for path in (folder / "phases").iterdir()] == ["masked.safetensors"]


def test_the_best_epoch_is_the_last_phases(tmp_path: Path) -> None:
    """The first learns; the second, at a rate that ruins it, is worse from its first epoch on."""
    ruin = {"learning_rates": RATES | {"head": 3.0, "backbone": 3.0}, "average": {"kind": "none"}}
    phases = section(MASKED, CROPPED | ruin | {"freezing": None, "keep": "best"})
    result = trained(phases, tmp_path)
    losses = [line["validation_loss"] for line in result.history]
    assert min(losses[2:]) > min(losses)
    assert result.kept["epoch"] > 2 and result.kept["validation_loss"] == min(losses[2:])


class SuicidalCheckpoints(Checkpoints):
    """Their process is killed as soon as the state after some epoch is written."""

    last_epoch = 0

    def save(self, state: Any) -> None:
        super().save(state)
        if len(state["progress"]["history"]) == self.last_epoch:
            os.kill(os.getpid(), signal.SIGKILL)


def train_until_killed(config: Train, folder: Path, last_epoch: int) -> None:
    checkpoints = SuicidalCheckpoints(folder / "checkpoints", {})
    checkpoints.last_epoch = last_epoch
    train_fold(FOLD, config, checkpoints, Accelerator(cpu=True), folder / "phases")


@pytest.mark.parametrize(
    "last_epoch",
    [
        pytest.param(1, marks=pytest.mark.slow, id="first phase"),
        pytest.param(2, id="boundary"),
        pytest.param(3, id="second phase"),
    ],
)
def test_killed_in_a_phase_or_between_two_it_ends_the_same(
    last_epoch: int, straight: tuple[Path, Trained], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = section(MASKED, CROPPED)
    child = multiprocessing.get_context("fork").Process(
        target=train_until_killed, args=(config, tmp_path / "killed", last_epoch)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    capsys.readouterr()
    trained(config, tmp_path / "killed")
    said = capsys.readouterr().out
    assert f"fold 1, seed 0: resuming from checkpoint (epoch {last_epoch}/4 done)" in said
    assert ("phase masked, epochs 1 to 2" in said) == (last_epoch <= 2)
    assert "phase crop, epochs 3 to 4" in said
    (tmp_path / "straight").symlink_to(straight[0])
    require_same_end(tmp_path)
    models = [tmp_path / run / "phases" / "masked.safetensors" for run in ("killed", "straight")]
    assert models[0].read_bytes() == models[1].read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("world", [1, 2])
def test_killed_within_a_step(world: int, tmp_path: Path) -> None:
    config = section(MASKED | {"save_model": False}, CROPPED)
    for awaited in ("state.pt", "before.pt"):
        folder = tmp_path / awaited
        kill_once_a_checkpoint_lies_there(world, config, folder / "killed", awaited)
        for run in ("killed", "straight"):
            train_together(world, FOLD, config, folder / run)
        require_same_end(folder)


LONG = {"kind": "warmup_cosine", "warmup_epochs": 3, "start_factor": 0.1, "end_factor": 0.1}


@pytest.mark.parametrize(
    ("phases", "changes", "said"),
    [
        ([MASKED, CROPPED], {"epochs": 6}, r"train.phases have 2 \+ 2 epochs, but train.epochs is 6: it is their sum"),
        ([MASKED, MASKED], {}, r"train.phases has masked more than once: give each a name of its own"),
        (
            [MASKED | {"schedule": LONG}, CROPPED],
            {},
            r"train.schedule.warmup_epochs is 3, longer than the phase `masked`: its epochs are 2 \(",
        ),
        (
            [MASKED, CROPPED | {"schedule": None}],
            {"schedule": LONG},
            r"warmup_epochs is 3, longer than the phase `masked`: its epochs are 2 .*the phase `crop`: its",
        ),
        ([MASKED | {"name": "a/b"}, CROPPED], {}, r"`phases.0.name` is 'a/b'"),
        ([MASKED | {"loss": {}}, CROPPED], {}, r"`phases.0.loss` is not a known key. Valid here: .*schedule"),
    ],
)
def test_refuses_phases_that_contradict_themselves(
    phases: list[dict[str, Any]], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refusal, match=said) as refusal:
        section(*phases, **changes)
    assert "\n" not in str(refusal.value)


def test_each_phase_is_run_dry() -> None:
    run_dry(section(MASKED, CROPPED), (16, 16, 1))
    wrong = CROPPED | {"augmentation": {"recipe": "none", "transforms": [{"Flop": {}}]}}
    with pytest.raises(Refusal, match=r"albumentations knows no `Flop`.* Seen in the phase `crop`\."):
        run_dry(section(MASKED, wrong), (16, 16, 1))


def test_a_rate_is_found_for_the_first_phase() -> None:
    sweep, accelerator = Sweep(1e-5, 1e-1, 5, 0.5), Accelerator(cpu=True)
    first = train_section(**{key: MASKED[key] for key in ("epochs", "augmentation", "keep")})
    found = sweep_fold(FOLD, section(MASKED, CROPPED), sweep, accelerator)
    pd.testing.assert_frame_equal(found, sweep_fold(FOLD, first, sweep, accelerator))
