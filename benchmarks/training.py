"""The training loop against the bare step, and the loader against albumentations alone.

python -m benchmarks.training
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

import albumentations
import numpy as np
import torch
from accelerate import Accelerator
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from benchmarks.figures import Figure
from foldline.config.augmentation import Augmentation
from foldline.config.section import parse, read_yaml
from foldline.config.train import Train
from foldline.images.augmentation import build_augmentation
from foldline.images.loaders import EpochOrder, training_loader
from foldline.learning.batches import Batch, BatchChanges, TrainingBatches
from foldline.learning.fold import Fold, fold_objective
from foldline.learning.fold_pieces import choose_pieces
from foldline.learning.measuring import LossGuard
from foldline.learning.mixing import build_mix
from foldline.learning.resolution import share_by_epoch
from foldline.learning.samples import Samples
from foldline.learning.training import train

PIXELS = 64
BATCH_SIZE = 32
STEPS = 8
IMAGES = 1024
PAIRS = 7


def measure() -> list[Figure]:
    return [loop_against_bare_step(), *(loader_against_albumentations(recipe) for recipe in ("light", "medium"))]


class TimedBatches(TrainingBatches):
    """Knows how long each epoch's training batches took, with what was done between them."""

    seconds: list[float]

    def mixed(self, epoch: int) -> Iterator[Batch]:
        start = time.perf_counter()
        yield from super().mixed(epoch)
        self.seconds.append(time.perf_counter() - start)


def loop_against_bare_step() -> Figure:
    """The training part of an epoch, with loading, metrics and guards, against the same steps on tensors in memory."""
    fold, config, accelerator = noise_fold(STEPS * BATCH_SIZE), section(), Accelerator()
    order = EpochOrder(len(fold.training), BATCH_SIZE, (0,), 0, 1)
    loader = training_loader(fold.pixels, fold.training.positions, None, order, workers=0)
    changes = BatchChanges(
        share=share_by_epoch(config.resolution),
        mix=partial(build_mix, config.mixing, epochs=config.epochs),
        seed=(0,),
        channels_last=config.channels_last,
    )
    targets, soft = torch.from_numpy(fold.training.targets), fold_objective(fold, config).soft
    batches = TimedBatches(loader, targets, soft, changes, accelerator.device)
    batches.seconds = []
    guard = LossGuard(fold.training.row_ids, STEPS, Path("no checkpoint"))
    pieces = choose_pieces(fold, config, STEPS, accelerator.device)
    epochs = train(pieces, batches, lambda model: (0.0, 0.0), guard, None, accelerator)
    bare_epoch = bare_steps(fold, config, accelerator.device)
    ratios = []
    for _ in range(PAIRS + 1):
        next(epochs)
        ratios.append(seconds_of(bare_epoch) / batches.seconds[-1])
    how = f"resnet18, {PIXELS} pixels, batches of {BATCH_SIZE}, EMA, clipping; median of {PAIRS} interleaved pairs"
    return Figure("training loop / bare step, images per second", median(ratios[1:]), 0.95, True, "", how)


def bare_steps(fold: Fold, config: Train, device: torch.device) -> Callable[[], None]:
    """The same model, clipping, average and optimiser, and nothing else."""
    pieces = choose_pieces(fold, config, STEPS, device)
    images = torch.from_numpy(fold.pixels[:BATCH_SIZE]).permute(0, 3, 1, 2).contiguous().to(device)
    targets = torch.from_numpy(fold.training.targets[:BATCH_SIZE]).to(device)

    def epoch() -> None:
        pieces.model.train()
        for _ in range(STEPS):
            cross_entropy(pieces.model(images), targets).backward()
            clip_grad_norm_(pieces.model.parameters(), 1.0)
            pieces.optimizer.step()
            pieces.optimizer.zero_grad()
            pieces.average.update()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return epoch


def loader_against_albumentations(recipe: str) -> Figure:
    """One process: batches of augmented tensors, against the same transforms by albumentations, image by image."""
    fold = noise_fold(IMAGES)
    described = Augmentation.model_validate({"recipe": recipe, "transforms": []})
    augment = build_augmentation(described, fold.pixels.shape[1:], ["horizontal_flip"])
    assert augment is not None
    alone = albumentations.Compose([albumentations.HorizontalFlip(p=0.5), *augment.transforms])
    order = EpochOrder(len(fold.training), BATCH_SIZE, (0,), 0, 1)
    loader = training_loader(fold.pixels, fold.training.positions, augment, order, workers=0)

    def load() -> None:
        for _ in loader:
            pass

    def transform() -> None:
        for image in fold.pixels:
            alone(image=image)

    pairs = [seconds_of(transform) / seconds_of(load) for _ in range(PAIRS)]
    how = f"recipe `{recipe}`, {PIXELS} pixels, no workers; median of {PAIRS} interleaved pairs"
    return Figure("loader / albumentations alone, images per second", median(pairs), 0.9, True, "", how)


def seconds_of(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def noise_fold(count: int) -> Fold:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (count, PIXELS, PIXELS, 3), dtype=np.uint8)
    samples = Samples(np.arange(count), generator.integers(0, 10, count), tuple(map(str, range(count))))
    return Fold(0, 0, pixels, samples, samples, 10, (), None, "multiclass")


def section() -> Train:
    """That of params.yaml, for resnet18 and more epochs than are measured."""
    values = read_yaml(Path("params.yaml"))["train"]
    changes = {
        "epochs": 10 * PAIRS,
        "batch_size": BATCH_SIZE,
        "micro_batch_size": BATCH_SIZE,
        "average": {"kind": "ema", "decay": 0.98, "statistics": {"kind": "forward", "batches": 1}},
        "model": values["model"] | {"name": "resnet18"},
    }
    return parse(values | changes, Train, "params.yaml")


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
