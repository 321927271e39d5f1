"""Rotation as a pretext: the loop with its four copies of each image against the bare step, and what a probe costs.

python -m benchmarks.pretext
"""

from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.clock import PAIRS
from benchmarks.figures import Figure
from benchmarks.noise import device_seconds_of, noise_fold
from benchmarks.training import Case, bare_steps, loop_against
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from foldline.training.pretext import Pretexts
from foldline.training.pretext_choice import Choosing, probe_rows
from foldline.training.pretext_kind import LearnedPretext
from foldline.training.pretext_samples import Probed
from foldline.training.processes import start_accelerator
from foldline.training.training_setup import Fold, first_model, fold_objective

CASE = Case("conv_encoder4", 32, 128, 4, "float32", True)
"""Its batches count images, each of which is shown four times."""
EPOCH_IMAGES = 45_000
"""CIFAR-10's, without the tenth that is held out."""
PROBED = 5_000


def measure() -> list[Figure]:
    task, config = rotation(), CASE.section()
    fold = replace(noise_fold(CASE.steps * CASE.batch_size, CASE.pixels), sizes=(task.classes,), task=task)
    config = config.model_copy(update={"micro_batch_size": CASE.batch_size * task.copies})
    accelerator = start_accelerator(CASE.precision)
    bare_epoch = bare_steps(fold, config, CASE, accelerator)
    ratios, seconds = loop_against(bare_epoch, fold, config, CASE.steps, accelerator)
    how = f"{CASE.words}, each turned four times; median of {PAIRS} interleaved pairs"
    claim = "training loop with four rotations / bare step, images per second"
    epoch = seconds * EPOCH_IMAGES / (CASE.steps * CASE.batch_size)
    probe = probe_seconds(fold, task)
    how_probe = (
        f"{CASE.words}; {PROBED:,} images fitted and as many judged, all stages; an epoch of {EPOCH_IMAGES:,} images"
    )
    return [
        Figure(claim, median(ratios), 0.97, True, "", how),
        Figure("a probe / an epoch of the pretext, seconds", probe / epoch, 0.15, False, "", how_probe),
    ]


def rotation() -> LearnedPretext:
    values = read_yaml(Path("pipelines/recipes/rotation.yaml"))["pretext"]
    task = parse(values, Pretexts, "rotation.yaml").learned
    assert task is not None
    return task


def probe_seconds(fold: Fold, task: LearnedPretext) -> float:
    """Of a model's first weights, on noise."""
    images = noise_fold(2 * PROBED, CASE.pixels).pixels
    labels = np.random.default_rng(0).integers(0, 10, 2 * PROBED)
    fitted, judged = (Probed(part, labels[part]) for part in np.split(np.arange(2 * PROBED), 2))
    accelerator = start_accelerator(CASE.precision)
    choosing = Choosing(task, images, fitted, judged, tuple("abcdefghij"), accelerator.device)
    model = first_model(fold, CASE.section(), fold_objective(fold, task.training(CASE.section().model).loss), None)
    return median(device_seconds_of(lambda: list(probe_rows(model, 0, choosing))) for _ in range(3))


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
