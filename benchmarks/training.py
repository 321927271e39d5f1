"""The training loop against the bare step; on a GPU also ResNet152, there against the device's matrix peak too.

python -m benchmarks.training
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from accelerate import Accelerator
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.clock import PAIRS
from benchmarks.figures import Figure
from benchmarks.noise import device_seconds_of, noise_fold, section, wait_for_device
from foldline.params.section import Precision
from foldline.training.batches import Batch, TrainingBatches
from foldline.training.loop import train
from foldline.training.measuring import NonFiniteCheck
from foldline.training.processes import start_accelerator
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold, build_training, training_batches


@dataclass(frozen=True)
class Case:
    model: str
    pixels: int
    batch_size: int
    steps: int
    precision: Precision
    channels_last: bool
    compile: bool = False

    def section(self) -> Train:
        how = {"precision": self.precision, "channels_last": self.channels_last, "compile": self.compile}
        return section(self.model, self.batch_size, **how)

    @property
    def words(self) -> str:
        added = f"{', channels_last' if self.channels_last else ''}{', compiled' if self.compile else ''}"
        return f"{self.model}, {self.pixels} pixels, batches of {self.batch_size}, {self.precision}{added}"


SMALL = Case("resnet18", 64, 32, 8, "float32", False)
LARGE = Case("resnet152", 224, 128, 8, "bfloat16", True)
MATRIX_SIDE = 8192
"""Of square bfloat16 matrices, whose product is as fast as the device gets."""


def measure() -> list[Figure]:
    """The GPU's figures are left out where there is none, and it is said."""
    if torch.cuda.is_available():
        return measure_case(LARGE, MATRIX_SIDE)
    print("no GPU is visible: ResNet152's images per second and its share of the matrix peak are not measured")
    return measure_case(SMALL)


class TimedBatches(TrainingBatches):
    """Knows how long each epoch's training batches took, with what was done between them."""

    def __init__(self, batches: TrainingBatches) -> None:
        vars(self).update(vars(batches))
        self.seconds: list[float] = []

    def mixed(self, epoch: int) -> Iterator[Batch]:
        start = perf_counter()
        yield from super().mixed(epoch)
        wait_for_device()
        self.seconds.append(perf_counter() - start)


def measure_case(case: Case, matrix_side: int | None = None) -> list[Figure]:
    """The training part of an epoch, with loading, metrics and guards, against the same steps on tensors in memory.

    `matrix_side`: of the matrices whose product is the device's peak, None to leave that out.
    """
    fold, config = noise_fold(case.steps * case.batch_size, case.pixels), case.section()
    accelerator = start_accelerator(case.precision)
    bare_epoch = bare_steps(fold, config, case, accelerator)
    ratios, seconds = loop_against(bare_epoch, fold, config, case.steps, accelerator)
    how = f"{case.words}, EMA, clipping; median of {PAIRS} interleaved pairs"
    claim = "training loop / bare step, images per second"
    figures = [Figure(claim, median(ratios), 0.97, True, "", how)]
    if matrix_side is not None:
        share = floating_point_operations(bare_epoch) / seconds / matrix_peak(matrix_side, accelerator.device)
        rate = case.steps * case.batch_size / seconds
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
        how = f"{case.words}; {rate:.0f} images per second on {device}; peak: bfloat16 product, side {matrix_side}"
        figures.append(Figure("training loop / the device's matrix peak", share, 0.3, True, "", how))
    return figures


def loop_against(
    bare_epoch: Callable[[], None], fold: Fold, config: Train, steps: int, accelerator: Accelerator
) -> tuple[list[float], float]:
    """The bare epoch's seconds as parts of the loop's, pair by pair, and the loop's median."""
    batches = TimedBatches(training_batches(fold, config, accelerator))
    check = NonFiniteCheck(fold.training.row_ids, steps, Path("no checkpoint"))
    setup = build_training(fold, config, steps, accelerator.device)
    epochs = train(setup, batches, lambda model: (0.0, 0.0), check, None, accelerator)
    ratios = []
    for _ in range(PAIRS + 1):
        next(epochs)
        ratios.append(device_seconds_of(bare_epoch) / batches.seconds[-1])
    return ratios[1:], median(batches.seconds[1:])


def bare_steps(fold: Fold, config: Train, case: Case, accelerator: Accelerator) -> Callable[[], None]:
    """The same model, clipping, average and optimiser, and nothing else."""
    device = accelerator.device
    setup = build_training(fold, config, case.steps, device)
    order = torch.channels_last if case.channels_last else torch.contiguous_format
    pixels = np.stack([fold.pixels[position] for position in range(case.batch_size)])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device)
    images = images.contiguous(memory_format=order)
    targets = torch.from_numpy(fold.training.targets[: case.batch_size].toarray()).to(device)
    if fold.task is not None:
        images, targets = fold.task.posed(images)
        images = images.contiguous(memory_format=order)

    def epoch() -> None:
        setup.model.train()
        for _ in range(case.steps):
            with torch.autocast(device.type, torch.bfloat16, enabled=case.precision == "bfloat16"):
                logits = setup.model(images)
            cross_entropy(logits.float(), targets).backward()
            clip_grad_norm_(setup.model.parameters(), 1.0)
            setup.optimizer.step()
            setup.optimizer.zero_grad()
            setup.average.update()

    return epoch


def floating_point_operations(work: Callable[[], None]) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def matrix_peak(side: int, device: torch.device) -> float:
    """Floating-point operations per second of a product of two square bfloat16 matrices."""
    matrix = torch.randn(side, side, dtype=torch.bfloat16, device=device)

    def product() -> None:
        for _ in range(10):
            torch.mm(matrix, matrix)

    return 10 * 2 * side**3 / median([device_seconds_of(product) for _ in range(PAIRS)])


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
