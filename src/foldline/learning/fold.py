"""One fold's training put together: every piece from its section, the loop, the checkpoints."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from accelerate import Accelerator
from torch import nn
from tqdm import tqdm

from foldline.config.train import LogisticRegressionStart, Train
from foldline.files import write_json
from foldline.images.augmentation import augmentation
from foldline.images.datasets import Pixels
from foldline.images.loaders import EpochOrder, evaluation_loader, training_loader
from foldline.learning.averaging import build_average
from foldline.learning.batches import TrainingBatches
from foldline.learning.checkpoints import Checkpoints
from foldline.learning.groups import parameter_groups
from foldline.learning.losses import build_loss
from foldline.learning.measuring import LossGuard, evaluate
from foldline.learning.models import Architecture, Classifier, build_model, refuse_unfit_images, save_model
from foldline.learning.optimizers import build_clip, build_optimizer
from foldline.learning.processes import memory_advice
from foldline.learning.progress import Line
from foldline.learning.samples import Samples
from foldline.learning.schedules import rate_schedule
from foldline.learning.training import Pieces, seed_torch, train
from foldline.learning.warm_start import warm_start
from foldline.places import FoldName
from foldline.refusal import Refusal
from foldline.tables.history import write_history

ALL_ROWS_SEED = 2**32 - 1
"""In the place of a fold's number, which no fold has."""


@dataclass(frozen=True)
class Fold:
    """The facts of one fold's training; how to train is the section `train`."""

    name: FoldName
    pixels: Pixels
    training: Samples
    validation: Samples
    outputs: int
    symmetries: Sequence[str]
    """Those that leave a label true: the card's."""
    weights: Path | None
    """The backbone's starting weights, None for random ones."""


@dataclass(frozen=True)
class Trained:
    model: Classifier
    history: list[Line]
    kept: Line
    """The line of the epoch whose weights these are."""


def train_fold(fold: Fold, config: Train, checkpoints: Checkpoints, accelerator: Accelerator) -> Trained:
    """Train one fold, or go on where an earlier run was stopped. Every process calls it and gets the same.

    Raises Refusal when the loss is no longer a number, or when memory runs out.
    """
    with memory_advice(config.micro_batch_size, config.batch_size):
        batches = training_batches(fold, config, accelerator)
        pieces = choose_pieces(fold, config, len(batches), accelerator.device)
        guard = LossGuard(fold.training.row_ids, len(batches), checkpoints.path)
        validate = validation(fold, pieces, config, accelerator)
        state = start = begin(checkpoints, fold.name, accelerator)
        for state in train(pieces, batches, validate, guard, start, accelerator):
            if accelerator.is_main_process:
                checkpoints.save(state)
                tqdm.write(describe_epoch(fold.name, config.epochs, state["progress"]["history"][-1]))
            accelerator.wait_for_everyone()
    assert state is not None, "there is at least one epoch"
    history, model = state["progress"]["history"], pieces.average.model
    assert isinstance(model, Classifier)
    if config.keep == "last":
        return Trained(model.cpu(), history, history[-1])
    model.load_state_dict(state["progress"]["best_weights"])
    return Trained(model.cpu(), history, min(history, key=lambda line: line["validation_loss"]))


def write_trained(folder: Path, trained: Trained) -> None:
    """`model.safetensors`, `history.csv` and `metrics.json`; equal trainings write equal bytes."""
    save_model(folder / "model.safetensors", trained.model)
    write_history(folder / "history.csv", pd.DataFrame(trained.history))
    measured = {name: value for name, value in trained.kept.items() if not math.isnan(value)}
    write_json(folder / "metrics.json", measured)


def choose_pieces(fold: Fold, config: Train, steps_per_epoch: int, device: torch.device) -> Pieces:
    """The first weights, drawn from `train.seed`, are the same for all folds."""
    _, height, width, channels = fold.pixels.shape
    seed_torch((config.seed,))
    architecture = Architecture(model=config.model, channels=channels, height=height, width=width, outputs=fold.outputs)
    model = build_model(architecture, fold.weights)
    refuse_unfit_images(model)
    model = model.to(device)
    if isinstance(config.warm_start, LogisticRegressionStart):
        warm_start(
            model, fold.pixels, fold.training, config.micro_batch_size, config.warm_start.inverse_penalty, device
        )
    groups = parameter_groups(model, config.rates, config.optimizer.weight_decay)
    return Pieces(
        model=model,
        optimizer=build_optimizer(config.optimizer, groups),
        schedule=rate_schedule(config.schedule, steps_per_epoch, config.epochs),
        loss=build_loss(config.loss),
        clip=build_clip(config.clipping),
        average=build_average(config.average, model),
        micro_batch_size=config.micro_batch_size,
        epochs=config.epochs,
        seed=fold_seed(fold, config),
        keep_best=config.keep == "best",
    )


def fold_seed(fold: Fold, config: Train) -> tuple[int, int]:
    """Of all that is drawn while training."""
    return config.seed, ALL_ROWS_SEED if fold.name == "all" else fold.name


def training_batches(fold: Fold, config: Train, accelerator: Accelerator) -> TrainingBatches:
    """Raises Refusal when a step would have no image for some process."""
    processes = accelerator.num_processes
    order = EpochOrder(
        len(fold.training), config.batch_size, fold_seed(fold, config), accelerator.process_index, processes
    )
    if min(order.batch_sizes) < processes:
        raise Refusal(
            f"a step of {min(order.batch_sizes)} images cannot be shared by {processes} processes. "
            "Raise train.batch_size, or set FOLDLINE_PROCESSES=1."
        )
    augment = augmentation(config.augmentation, fold.pixels.shape[1:], fold.symmetries)
    loader = training_loader(fold.pixels, fold.training.positions, augment, order, config.workers)
    return TrainingBatches(loader, torch.from_numpy(fold.training.targets), accelerator.device)


def validation(
    fold: Fold, pieces: Pieces, config: Train, accelerator: Accelerator
) -> Callable[[nn.Module], tuple[float, float]]:
    """From a model to its loss and accuracy on the validation samples, of which each process sees its share once.

    NaN where there are none.
    """
    samples = fold.validation
    if not len(samples):
        return lambda model: (math.nan, math.nan)
    mine = np.array_split(np.arange(len(samples)), accelerator.num_processes)[accelerator.process_index]
    loader = evaluation_loader(fold.pixels, samples.positions[mine], config.micro_batch_size, config.workers)
    targets = torch.from_numpy(samples.targets[mine])
    return lambda model: evaluate(model, loader, targets, pieces.loss, accelerator).means(len(samples))


def begin(checkpoints: Checkpoints, fold: FoldName, accelerator: Accelerator) -> dict[str, Any] | None:
    """The state to go on from, if any; says so, or says why an earlier run's does not serve."""
    # The first process holds the fold's lock by now: nobody else moves its checkpoints.
    accelerator.wait_for_everyone()
    state = checkpoints.load()
    if accelerator.is_main_process:
        if state is not None:
            tqdm.write(f"fold {fold}: goes on after epoch {state['progress']['epoch']}")
        elif differences := checkpoints.differences():
            tqdm.write(f"fold {fold}: starts afresh, for there is a checkpoint, but of another experiment:")
            tqdm.write("\n".join(f"  {line}" for line in differences))
    return state


def describe_epoch(fold: FoldName, epochs: int, line: Line) -> str:
    measured = [part for part in ("train", "validation") if not math.isnan(line[f"{part}_loss"])]
    parts = (f"{part} loss {line[f'{part}_loss']:.4f} accuracy {line[f'{part}_accuracy']:.4f}" for part in measured)
    return f"fold {fold}  epoch {line['epoch']:>3}/{epochs}  " + "  ".join(parts)
