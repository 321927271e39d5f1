"""Size of the images, precision, memory order and compilation: each key has its effect, and the result stays right."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.module import register_module_forward_hook

from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import Trained, train_fold
from foldline.training.processes import start_accelerator
from foldline.training.training_setup import Fold, build_training
from tests.training.small import MODEL, labels, small_fold, train_section

SGD = {
    "optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": False, "weight_decay": 0.0},
    "learning_rates": {"kind": "layer_decay", "head": 0.01, "backbone": 0.01, "layer_decay": 1.0, "groups": "stages"},
    "model": MODEL,
    "epochs": 1,
}
"""Not Adam, which makes a whole step of the smallest difference."""


@contextmanager
def first_convolutions() -> Iterator[list[tuple[bool, Tensor]]]:
    """Of every pass through a model inside: whether it learns, and what its first convolution gives."""
    seen: list[tuple[bool, Tensor]] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d) and module.in_channels == 1:
            seen.append((module.training, output.detach()))

    handle = register_module_forward_hook(note)
    try:
        yield seen
    finally:
        handle.remove()


def run(folder: Path, fold: Fold | None = None, **changes: object) -> Trained:
    config = train_section(**changes)
    return train_fold(fold or small_fold(), config, Checkpoints(folder, {}), start_accelerator(config.precision))


@pytest.fixture(autouse=True)
def no_precision_is_left_behind() -> Iterator[None]:
    """Accelerate's precision is the process's: the first one that is asked for."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def losses(trained: Trained) -> list[float]:
    return [line[name] for line in trained.history for name in ("train_loss", "validation_loss")]


@pytest.mark.parametrize(
    ("start_fraction", "end_fraction", "sides"), [(0.5, 1.0, [8, 12, 16]), (0.75, 0.75, [12, 12, 12])]
)
def test_images_grow_or_stay_small_in_training_and_are_whole_in_validation(
    start_fraction: float, end_fraction: float, sides: list[int], tmp_path: Path
) -> None:
    """The first convolution halves their 16 pixels. What the history says is the model's loss on whole images."""
    resolution = {"start_fraction": start_fraction, "end_fraction": end_fraction, "growing_epochs": 2}
    with first_convolutions() as seen:
        trained = run(tmp_path, model=MODEL, resolution=resolution, average={"kind": "none"})
    learning = [2 * output.shape[-1] for learns, output in seen if learns]
    assert learning == [side for side in sides for _ in range(4)]
    fold = small_fold()
    images = torch.from_numpy(fold.pixels[fold.validation.cache_indices]).permute(0, 3, 1, 2)
    with torch.no_grad():
        logits = trained.model.eval()(images)
    whole = cross_entropy(logits, torch.from_numpy(labels(fold.validation))).item()
    assert trained.kept["validation_loss"] == pytest.approx(whole, rel=1e-5)


def test_bfloat16(tmp_path: Path) -> None:
    """Passes are in half precision, weights are not; the losses agree to its two or three digits.

    At 32 pixels no convolution of stride 2 meets a map of one pixel, whose gradient in bfloat16 is now and then made of
    uninitialised memory (seen with torch 2.15 on CPU).
    """
    fold = small_fold(pixels_per_side=32)
    with first_convolutions() as seen:
        half = run(tmp_path / "half", fold, precision="bfloat16", **SGD)
    assert {output.dtype for _, output in seen if len(output) > 1} == {torch.bfloat16}  # one blank image goes ahead
    assert all(value.dtype in (torch.float32, torch.int64) for value in half.model.state_dict().values())
    AcceleratorState._reset_state(reset_partial_state=True)
    whole = run(tmp_path / "whole", fold, **SGD)
    assert losses(half) != losses(whole)
    assert losses(half) == pytest.approx(losses(whole), rel=0.02)


def test_channels_last(tmp_path: Path) -> None:
    with first_convolutions() as seen:
        last = run(tmp_path / "last", channels_last=True, **SGD)
    training = [output for learns, output in seen if learns]
    assert all(output.is_contiguous(memory_format=torch.channels_last) for output in training)
    assert not any(output.is_contiguous() for output in training)
    assert losses(last) == pytest.approx(losses(run(tmp_path / "first", **SGD)), rel=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_it_learns_the_same(tmp_path: Path) -> None:
    """The average is not compiled: that would have to be done once more for validation."""
    config = train_section(compile=True, **SGD)
    setup = build_training(small_fold(), config, 4, torch.device("cpu"))
    assert setup.model._compiled_call_impl is not None
    assert setup.average.model._compiled_call_impl is None
    compiled, plain = run(tmp_path / "compiled", compile=True, **SGD), run(tmp_path / "plain", **SGD)
    assert losses(compiled) == pytest.approx(losses(plain), rel=1e-4)
