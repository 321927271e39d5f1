"""What only a GPU can show, in one script of at most ten minutes that draws its own data and may be run twice.

Rates are figures for docs/benchmarks.md; promises (resume, refusals) are said to hold or not. Without a GPU the same is
tried small on the CPU, and what is left out is named. Ends with 1 where a promise is broken.

python -m benchmarks.gpu
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate.state import AcceleratorState

from benchmarks.clock import seconds_of
from benchmarks.figures import Figure
from benchmarks.noise import noise_fold, section
from benchmarks.training import LARGE, MATRIX_SIDE, SMALL, Case, measure_case
from foldline.files.refusal import Refusal
from foldline.pixels.loaders import EpochOrder, training_loader
from foldline.training.augmentation import build_augmentation
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import train_fold
from foldline.training.processes import start_accelerator
from foldline.training.recipes import Augmentation
from foldline.training.speed import measure_speed

ON_GPU = torch.cuda.is_available()
CASES = (
    LARGE,
    replace(LARGE, compile=True),
    replace(LARGE, model="seresnet152d"),
    replace(LARGE, model="seresnet152d", compile=True),
)
TRIED = Case("test_resnet", 32, 16, 4, "float32", True)
"""Of the promises: a model so small that only its device matters."""
MOST_SECONDS = 540
"""After these no further rate is begun."""
MOST_MEMORY = 0.02
"""Of the device's, in which a large batch has no room."""


def main() -> None:
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # of torch's deterministic algorithms
    begun = time.monotonic()
    device = torch.cuda.get_device_name() if ON_GPU else f"CPU, {torch.get_num_threads()} threads"
    print(f"torch {torch.__version__}, {device}, {os.cpu_count()} cores", flush=True)
    if not ON_GPU:
        print("no GPU: left out are ResNet152 and SE-ResNet152d, compiled models, memory advice")
    print(f"left out in any case: several processes on the {torch.cuda.device_count()} GPUs")
    broken = [name for name, holds in PROMISES.items() if not said(name, holds)]
    for case in CASES if ON_GPU else (SMALL,):
        if time.monotonic() - begun > MOST_SECONDS:
            print(f"no time left for {case.words}")
            continue
        forget_precision()
        print(*(figure.line for figure in measure_case(case, MATRIX_SIDE if ON_GPU else None)), sep="\n", flush=True)
        print(loader_against_step(case).line, flush=True)
    sys.exit(f"broken: {', '.join(broken)}" if broken else 0)


def said(name: str, holds: Callable[[], str | None]) -> bool:
    """Whether it does: None where it cannot be tried here."""
    start = time.monotonic()
    try:
        found = holds()
    except Exception as error:
        print(f"{name}: BROKEN ({type(error).__name__}: {error})", flush=True)
        return False
    print(f"{name}: {found or 'left out'} ({time.monotonic() - start:.0f} s)", flush=True)
    return True


def loader_against_step(case: Case) -> Figure:
    """Images per second that all cores' workers decode and augment, by those that the device learns."""
    workers = len(os.sched_getaffinity(0))
    batches = 4 * workers if ON_GPU else 4
    fold = noise_fold(case.batch_size * batches, case.pixels)
    described = Augmentation.model_validate({"recipe": "medium", "transforms": []})
    augment = build_augmentation(described, fold.pixels.shape[1:], ("horizontal_flip",))
    order = EpochOrder(len(fold.training), case.batch_size, (0,), 0, 1)
    loader = training_loader(fold.pixels, fold.training.cache_indices, augment, order, workers)
    device = torch.device("cuda" if ON_GPU else "cpu")

    def load() -> None:
        for images, _ in loader:
            images.to(device, non_blocking=True)

    load()  # The workers start, and stay.
    loaded = len(fold.training) / seconds_of(load)
    learned = measure_speed(case.section(), case.pixels, case.pixels, 3).learned
    how = f"{case.words}; recipe `medium`, {workers} workers: {loaded:.0f} images per second, the step {learned:.0f}"
    return Figure("loader / training step, images per second", loaded / learned, 1.0, True, "", how)


def resumes_exactly() -> str:
    """Stopped after the first of two epochs and started again: weights equal to the bit."""
    with deterministic(), tempfile.TemporaryDirectory() as folder:
        straight = weights(train(Path(folder) / "straight"))
        stopped = Path(folder) / "stopped"
        with suppress(KeyboardInterrupt):
            train(stopped, stop_after=1)
        resumed = weights(train(stopped))
    different = [name for name, tensor in straight.items() if not torch.equal(tensor, resumed[name])]
    assert not different, f"{len(different)} of {len(straight)} tensors differ: {different[:3]}"
    return f"{len(straight)} tensors are equal to the bit"


def repeats_exactly() -> str:
    with deterministic(), tempfile.TemporaryDirectory() as folder:
        first, second = (weights(train(Path(folder) / name)) for name in "ab")
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items()), "two equal trainings differ"
    return "two trainings are equal to the bit"


def stops_at_nan() -> str:
    """A rate that no weights survive."""
    with tempfile.TemporaryDirectory() as folder:
        rates = {"kind": "layer_decay", "head": 1e30, "backbone": 1e30, "layer_decay": 1.0, "groups": "stages"}
        try:
            train(Path(folder), learning_rates=rates, clipping={"kind": "none"})
        except Refusal as refusal:
            return str(refusal)[:90]
    raise AssertionError("it went on")


def learns_in_half_precision() -> str:
    """On a GPU in float16, whose losses are scaled."""
    precision = "float16" if ON_GPU else "bfloat16"
    with tempfile.TemporaryDirectory() as folder:
        first, last = train(Path(folder), precision=precision).history
    assert last["train_loss"] < first["train_loss"], f"{first['train_loss']:.3f}, then {last['train_loss']:.3f}"
    return f"{precision}: train loss {first['train_loss']:.3f}, then {last['train_loss']:.3f}"


def advises_on_memory() -> str | None:
    if not ON_GPU:
        return None
    torch.cuda.set_per_process_memory_fraction(MOST_MEMORY)
    try:
        with tempfile.TemporaryDirectory() as folder:
            train(Path(folder), case=replace(LARGE, model="resnet50", batch_size=256, steps=1))
    except Refusal as refusal:
        return str(refusal)[:90]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
    raise AssertionError("it found room")


PROMISES: dict[str, Callable[[], str | None]] = {
    "repeat": repeats_exactly,
    "resume": resumes_exactly,
    "NaN": stops_at_nan,
    "half precision": learns_in_half_precision,
    "memory": advises_on_memory,
}


class StoppedCheckpoints(Checkpoints):
    """Ends the training once so many epochs are saved."""

    stop_after: int | None = None

    def save(self, state: Any) -> None:
        super().save(state)
        if len(state["progress"]["history"]) == self.stop_after:
            raise KeyboardInterrupt


def train(folder: Path, stop_after: int | None = None, case: Case = TRIED, **changes: Any) -> Any:
    """Two epochs of the case."""
    fold = noise_fold(case.steps * case.batch_size, case.pixels)
    how = {"precision": case.precision, "channels_last": case.channels_last, "epochs": 2} | changes
    config = section(case.model, case.batch_size, **how)
    checkpoints = StoppedCheckpoints(folder, {})
    checkpoints.stop_after = stop_after
    forget_precision()
    return train_fold(fold, config, checkpoints, start_accelerator(config.precision))


def forget_precision() -> None:
    """Accelerate takes one for each process; this one tries several."""
    AcceleratorState._reset_state(reset_partial_state=True)


def weights(trained: Any) -> dict[str, torch.Tensor]:
    return {name: tensor.cpu() for name, tensor in trained.model.state_dict().items()}


@contextmanager
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


if __name__ == "__main__":
    main()
