"""What this machine makes of a model, timed: in which precision it learns fastest, and how fast."""

import os
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from foldline.card.activations import Softmax
from foldline.params.section import Precision
from foldline.pixels.loaders import augmented
from foldline.training.augmentation import build_augmentation
from foldline.training.dry_run import IMAGES, stand_in
from foldline.training.head_initialisation import NoLinearProbe
from foldline.training.launching import process_count
from foldline.training.loop import TrainingSetup
from foldline.training.losses import CrossEntropy
from foldline.training.named_errors import named_part
from foldline.training.processes import keep_freed_memory
from foldline.training.train_section import Train
from foldline.training.training_setup import build_training

STEPS = 3
"""Of which the first, that sets up memory, does not count."""
MOST_IMAGES_ON_CPU = 8
"""Of a timed step: as many more take as much longer there."""
MOST_WORKERS = 8
"""Loaders of a process, beside a GPU. A CPU that learns has no core to spare for them."""
DRAWS = 32
CLASSES = 10


@dataclass(frozen=True)
class Speed:
    precision: Precision
    workers: int
    """Loader processes for each process that trains."""
    learned: float
    """Images per second of training steps, in all processes together."""
    predicted: float
    """Images per second under one view, in all processes together."""


def has_gpu() -> bool:
    return torch.cuda.is_available()


def measure_speed(config: Train, height: int, width: int, channels: int) -> Speed:
    """That of the fastest precision. `config`: its model, sizes of batches and memory order, and its augmentation.
    Raises a Refusal that names the key where the model cannot learn from such images."""
    keep_freed_memory()
    processes = process_count()
    workers = min(MOST_WORKERS, len(os.sched_getaffinity(0)) // processes) if has_gpu() else 0
    augmenting = seconds_of_augmentation(config, height, width, channels)
    timed = []
    for precision in precisions():
        with named_part(config):
            learning, predicting = seconds_of_image(config, precision, (height, width, channels))
        per_image = max(learning, augmenting / workers) if workers else learning + augmenting
        timed.append(Speed(precision, workers, processes / per_image, processes / predicting))
    return max(timed, key=lambda speed: speed.learned)


def precisions() -> tuple[Precision, ...]:
    """Those of which one is the fastest here."""
    if has_gpu() and not torch.cuda.is_bf16_supported(including_emulation=False):
        return "float32", "float16"
    return "float32", "bfloat16"


def seconds_of_augmentation(config: Train, height: int, width: int, channels: int) -> float:
    """Of one image, in one process."""
    augment = build_augmentation(config.augmentation, (height, width, channels), ())
    image = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    if augment is None:
        return 0.0
    augmented(augment, image, 0)
    start = perf_counter()
    for seed in range(DRAWS):
        augmented(augment, image, seed)
    return (perf_counter() - start) / DRAWS


def seconds_of_image(config: Train, precision: Precision, shape: tuple[int, int, int]) -> tuple[float, float]:
    """In a training step and in a prediction, of the quickest of some. `shape`: height, width, channels."""
    device = torch.device("cuda" if has_gpu() else "cpu")
    fold = stand_in((*shape, np.dtype(np.uint8)), (CLASSES,), 0, (), None, Softmax, 0)
    # Which loss it is takes no time, but not every loss takes these targets; and of noise no probe is worth a fit.
    loss, head = CrossEntropy(kind="cross_entropy", smoothing=0.0), NoLinearProbe(kind="none")
    timed = config.model_copy(update={"loss": loss, "head_initialisation": head, "compile": False})
    setup = build_training(fold, timed, STEPS, device)
    count = config.micro_batch_size if has_gpu() else min(config.micro_batch_size, MOST_IMAGES_ON_CPU)
    repeats = max(count // IMAGES, 1)
    noise = np.stack([fold.pixels[image] for image in range(IMAGES)])
    images = torch.from_numpy(noise).permute(0, 3, 1, 2).repeat(repeats, 1, 1, 1).to(device)
    if config.channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    targets = torch.from_numpy(fold.training.targets.toarray()).repeat(repeats, 1).to(device)
    learning, predicting = [], []
    for _ in range(STEPS):
        learning.append(seconds_of_step(setup, images, targets, precision))
        predicting.append(seconds_of_prediction(setup, images, precision))
    return min(learning[1:]) / len(images), min(predicting[1:]) / len(images)


def seconds_of_step(setup: TrainingSetup, images: Tensor, targets: Tensor, precision: Precision) -> float:
    start = perf_counter()
    setup.model.train()
    with autocast(images.device, precision):
        logits = setup.model(images)
    setup.objective.loss(logits.float(), targets).mean().backward()
    setup.optimizer.step()
    setup.optimizer.zero_grad()
    wait_for(images.device)
    return perf_counter() - start


def seconds_of_prediction(setup: TrainingSetup, images: Tensor, precision: Precision) -> float:
    start = perf_counter()
    setup.model.eval()
    with torch.inference_mode(), autocast(images.device, precision):
        setup.model(images)
    wait_for(images.device)
    return perf_counter() - start


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    half = torch.float16 if precision == "float16" else torch.bfloat16
    return torch.autocast(device.type, half, enabled=precision != "float32")


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
