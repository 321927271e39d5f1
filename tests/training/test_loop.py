"""The loop: equal to the plain one, exact in parts, and the same however often it is stopped."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import nn
from torch.nn.functional import cross_entropy

from foldline.files.refusal import Refusal
from foldline.pixels.loaders import EpochOrder
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import Trained, train_fold
from foldline.training.history import describe_epoch
from foldline.training.layer_groups import parameter_groups
from foldline.training.loop import seed_torch
from foldline.training.models import build_model
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold, fold_seed
from tests.training.small import MODEL, labels, small_fold, train_section

NO_AVERAGE = {"kind": "none"}
FORWARD = {"kind": "update_bn", "batches": 3}


def run(config: Train, folder: Path, fold: Fold | None = None) -> Trained:
    return train_fold(fold or small_fold(), config, Checkpoints(folder, {}), Accelerator(cpu=True))


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


def without_batchnorm(**changes: object) -> Train:
    return train_section(model=MODEL | {"name": "test_vit"}, average=NO_AVERAGE, **changes)


@pytest.fixture
def float64() -> Iterator[None]:
    """For what is built then: Adam turns the rounding of a gradient near zero into a step, on one processor more
    than on another, in 32 bits."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("float64")
def test_equals_the_loop_that_anyone_would_write(tmp_path: Path) -> None:
    config = without_batchnorm(
        augmentation={"recipe": "none", "transforms": []}, loss={"kind": "cross_entropy", "smoothing": 0.0}
    )
    fold = small_fold()
    trained = run(config, tmp_path)

    seed_torch((fold.seed,))
    model = build_model(trained.model.architecture)
    optimizer = config.optimizer.build(parameter_groups(model, config.learning_rates, 0.05))
    order = EpochOrder(len(fold.training), 8, fold_seed(fold), 0, 1)
    schedule, step = config.schedule.rates(len(order), 3), 0
    for epoch in range(3):
        order.epoch = epoch
        for draws in order:
            index = np.array([index for index, _ in draws])
            images = torch.from_numpy(fold.pixels[fold.training.cache_indices[index]]).permute(0, 3, 1, 2)
            for group in optimizer.param_groups:
                group["lr"] = schedule(step) * group["peak_rate"]
            optimizer.zero_grad()
            cross_entropy(model(images), torch.from_numpy(labels(fold.training)[index])).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step += 1
    for ours, plain in zip(trained.model.parameters(), model.parameters(), strict=True):
        assert ours.dtype == torch.float64
        assert torch.allclose(ours, plain, rtol=0, atol=1e-10)


@pytest.mark.parametrize("micro_batch_size", [1, 3, 5])
def test_micro_batches_equal_the_whole_batch(micro_batch_size: int, tmp_path: Path) -> None:
    """28 training images in steps of 7: parts of 7 x 1, of 3 + 2 + 2, of 4 + 3."""
    sgd = {"kind": "sgd", "momentum": 0.9, "nesterov": False, "weight_decay": 0.0}
    rates = {"kind": "layer_decay", "head": 0.1, "backbone": 0.1, "layer_decay": 1.0, "groups": "stages"}
    whole = run(without_batchnorm(optimizer=sgd, learning_rates=rates), tmp_path / "whole")
    parts = run(
        without_batchnorm(optimizer=sgd, learning_rates=rates, micro_batch_size=micro_batch_size), tmp_path / "parts"
    )
    for one, other in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    assert [line["train_loss"] for line in whole.history] == pytest.approx(
        [line["train_loss"] for line in parts.history], abs=1e-5
    )


def test_another_experiments_checkpoint_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = train_section(epochs=1)
    for epochs in (5, 1):
        train_fold(small_fold(), config, Checkpoints(tmp_path, {"train": {"epochs": epochs}}), Accelerator(cpu=True))
    written = capsys.readouterr().out
    assert "fold 1, seed 0: starting anew" in written
    assert "train.epochs: 1, was 5" in written


def test_learns_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained = run(
        train_section(
            epochs=6,
            learning_rates={
                "kind": "layer_decay",
                "head": 0.01,
                "backbone": 0.01,
                "layer_decay": 1.0,
                "groups": "stages",
            },
        ),
        tmp_path,
    )
    assert trained.history[-1]["train_loss"] < 0.7 * trained.history[0]["train_loss"]
    assert [line["epoch"] for line in trained.history] == [1, 2, 3, 4, 5, 6]
    assert trained.kept == trained.history[-1]
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 6
    assert lines[2].startswith("fold 1, seed 0  epoch 3/6  train ")
    assert all(len(line) <= 80 for line in lines)
    assert [line.endswith(" left") for line in lines] == [True] * 5 + [False]


def test_a_line_of_an_epoch_fits_the_screen_and_says_the_time_left() -> None:
    line = dict(epoch=10, train_loss=1.23456, train_accuracy=0.5, validation_loss=0.25, validation_accuracy=1.0)
    line["learning_rate"] = 0.1
    said = describe_epoch("fold 0, seed 0", 20, line, 59.6)
    assert said == "fold 0, seed 0  epoch 10/20  train 1.2346, 50.0%  val 0.2500, 100.0%  1:00 left"
    assert len(said) <= 80
    assert describe_epoch("fold 0, seed 0", 10, line, 0.0).endswith("100.0%")


def test_history_is_that_of_the_weights_handed_on(tmp_path: Path) -> None:
    """Loss and accuracy of the written model on the validation images, worked out anew."""
    fold = small_fold()
    trained = run(train_section(keep="best", epochs=4), tmp_path)
    images = torch.from_numpy(fold.pixels[fold.validation.cache_indices]).permute(0, 3, 1, 2)
    targets = torch.from_numpy(labels(fold.validation))
    with torch.no_grad():
        logits = trained.model.eval()(images)
    assert cross_entropy(logits, targets).item() == pytest.approx(trained.kept["validation_loss"], rel=1e-5)
    assert (logits.argmax(1) == targets).double().mean().item() == pytest.approx(trained.kept["validation_accuracy"])
    assert trained.kept["validation_loss"] == min(line["validation_loss"] for line in trained.history)


def test_averaged_weights_need_their_own_statistics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {"kind": "layer_decay", "head": 0.02, "backbone": 0.02, "layer_decay": 1.0, "groups": "stages"}
    config = train_section(
        epochs=6, learning_rates=rates, average={"kind": "ema", "decay": 0.95, "statistics": FORWARD | {"batches": 5}}
    )
    renewed = run(config, tmp_path / "renewed").kept["validation_loss"]
    monkeypatch.setattr("foldline.training.averages.UpdateBn.refresh", lambda *given, **rest: None)
    stale = run(config, tmp_path / "stale").kept["validation_loss"]
    assert renewed < 0.8 * stale


def test_seeds_and_folds_train_differently_from_equal_beginnings(tmp_path: Path) -> None:
    config = train_section(epochs=1)
    first = run(config, tmp_path / "first")
    other_fold = run(config, tmp_path / "fold", dataclasses.replace(small_fold(), name=2))
    other_seed = run(config, tmp_path / "seed", dataclasses.replace(small_fold(), seed=1))
    assert not same_weights(first.model, other_fold.model)
    assert not same_weights(first.model, other_seed.model)


def test_refuses_more_processes_than_images_in_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Accelerator, "num_processes", property(lambda self: 9))
    with pytest.raises(Refusal, match=r"a step of 7 images cannot be shared by 9 processes. Raise train.batch_size"):
        run(train_section(), tmp_path)


def test_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    """The rate is nothing at step 1 and enormous at step 3, still in the first epoch: nothing is left to go on from."""
    rates = {"kind": "layer_decay", "head": 1e30, "backbone": 1e30, "layer_decay": 1.0, "groups": "stages"}
    schedule = {"kind": "warmup_cosine", "warmup_epochs": 1, "start_factor": 0.0, "end_factor": 0.0}
    config = train_section(learning_rates=rates, schedule=schedule, clipping={"kind": "none"})
    message = r"not a number at step [34] \(epoch 1\), for the rows row\d+, .*Lower train.learning_rates"
    with pytest.raises(Refusal, match=message) as refusal:
        run(config, tmp_path / "fold1")
    assert "checkpoint" not in str(refusal.value)
    assert not (tmp_path / "fold1").exists()


def test_the_last_good_checkpoint_and_the_rows_of_the_bad_step_are_named(tmp_path: Path) -> None:
    """The second epoch's rate is enormous: its first step, the fifth, ruins the weights; the sixth finds no number."""
    schedule = {"kind": "steps", "at_epochs": [1], "factor": 1e30}
    config = train_section(schedule=schedule, clipping={"kind": "none"})
    fold, checkpoints = small_fold(), Checkpoints(tmp_path, {})
    with pytest.raises(Refusal, match=r"not a number at step 6 \(epoch 2\)") as refusal:
        train_fold(fold, config, checkpoints, Accelerator(cpu=True))
    order = EpochOrder(len(fold.training), 8, fold_seed(fold), 0, 1)
    order.epoch = 1
    second_batch = {fold.training.row_ids[index] for index, _ in list(order)[1]}
    named = set(re.findall(r"row\d+", str(refusal.value)))
    assert named and named <= second_batch
    assert f"The last good checkpoint, of epoch 1, is {checkpoints.path}." in str(refusal.value)
    state = checkpoints.load()
    assert state is not None and len(state["progress"]["history"]) == 1
    assert all(weights.isfinite().all() for weights in state["model"].values())


def test_a_step_that_float16_skips_enters_no_average(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real scaler, on the CPU: its first factor of 2**127 makes gradients infinite until it is low enough."""
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127, backoff_factor=2.0**-60)
    accelerator = Accelerator(cpu=True)
    monkeypatch.setattr(accelerator, "scaler", scaler)
    checkpoints = Checkpoints(tmp_path, {})
    trained = train_fold(small_fold(), train_section(clipping={"kind": "none"}), checkpoints, accelerator)
    state = checkpoints.load()
    assert state is not None
    skipped = 12 - state["average"]["taken"]
    assert 1 <= skipped <= 3
    assert state["scaler"]["scale"] == 2.0 ** (127 - 60 * skipped)
    assert trained.history[-1]["train_loss"] < trained.history[0]["train_loss"]
