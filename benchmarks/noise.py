"""A fold of noise to train on, and the clock: what the benchmarks of training share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.clock import seconds_of
from foldline.card.activations import Softmax
from foldline.folds.training_table import soft_targets
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from foldline.training.fold_samples import Samples
from foldline.training.speed import has_gpu, wait_for
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold


def noise_fold(count: int, pixels: int) -> Fold:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, pixels, pixels, 3), dtype=np.uint8)
    targets = soft_targets(generator.integers(0, 10, count), 10)
    samples = Samples(np.arange(count), targets, np.ones(count, np.float32), tuple(map(str, range(count))))
    return Fold(0, 0, images, samples, samples, (10,), (), None, Softmax)


def section(model: str, batch_size: int, **changes: Any) -> Train:
    """That of params.yaml, for another model, more epochs than are measured, and images as they are."""
    values = read_yaml(Path("params.yaml"))["train"]
    for_benchmarks = {
        "epochs": 1000,
        "batch_size": batch_size,
        "micro_batch_size": batch_size,
        "workers": 0,
        "average": {"kind": "ema", "decay": 0.98, "statistics": {"kind": "update_bn", "batches": 1}},
        "augmentation": {"recipe": "none", "transforms": []},
        "model": values["model"] | {"name": model},
    }
    return parse(values | for_benchmarks | changes, Train, "params.yaml")


def device_seconds_of(work: Callable[[], object]) -> float:
    """Until the device has done it, too."""
    return seconds_of(lambda: (work(), wait_for_device()))


def wait_for_device() -> None:
    wait_for(torch.device("cuda" if has_gpu() else "cpu"))
