"""One fold's training put together: every piece from its section, the loop, the checkpoints."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from accelerate import Accelerator
from torch import nn
from tqdm import tqdm

from foldline.cards.outputs import TargetKind
from foldline.config.train import LogisticRegressionStart, Train
from foldline.files import write_json
from foldline.images.augmentation import build_augmentation
from foldline.images.datasets import Pixels
from foldline.images.loaders import EpochOrder, evaluation_loader, training_loader
from foldline.learning.averaging import build_average
from foldline.learning.batches import BatchChanges, TrainingBatches
from foldline.learning.checkpoints import Checkpoints
from foldline.learning.freezing import build_freezing
from foldline.learning.groups import parameter_groups
from foldline.learning.measuring import LossGuard, evaluate
from foldline.learning.mixing import build_mix
from foldline.learning.models import Architecture, Classifier, build_model, refuse_unfit_images, save_model
from foldline.learning.objectives import Objective, build_objective, square_root_shares
from foldline.learning.optimizers import build_clip, build_optimizer, steering
from foldline.learning.processes import memory_advice
from foldline.learning.progress import Line
from foldline.learning.resolution import share_by_epoch
from foldline.learning.samples import Samples
from foldline.learning.schedules import momentum_schedule, rate_schedule
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
    classes: int
    symmetries: Sequence[str]
    """Those that leave a label true: the card's."""
    weights: Path | None
    """The backbone's starting weights, None for random ones."""
    target: TargetKind


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
    objective = fold_objective(fold, config)
    architecture = Architecture(
        model=config.model,
        channels=channels,
        height=height,
        width=width,
        outputs=objective.outputs,
        activation=objective.activation,
    )
    model = build_model(architecture, fold.weights)
    model.speak_in(objective.center, objective.scale)
    refuse_unfit_images(model, config.resolution)
    model = model.to(device)
    if config.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if isinstance(config.warm_start, LogisticRegressionStart):
        warm_start(
            model, fold.pixels, fold.training, config.micro_batch_size, config.warm_start.inverse_penalty, device
        )
    optimizer = build_optimizer(config.optimizer, parameter_groups(model, config.rates, config.optimizer.weight_decay))
    rates = rate_schedule(config.schedule, steps_per_epoch, config.epochs)
    momenta = momentum_schedule(config.schedule, steps_per_epoch, config.epochs)
    average = build_average(config.average, model, objective.loss, steps_per_epoch)
    if config.compile:
        model.compile()
    return Pieces(
        model=model,
        optimizer=optimizer,
        steer=steering(rates, momenta, optimizer),
        start_epoch=build_freezing(config.freezing, model),
        objective=objective,
        clip=build_clip(config.clipping),
        average=average,
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
    seed = fold_seed(fold, config)
    shares = square_root_shares(fold.training.targets) if config.imbalance == "square_root_sampling" else None
    order = EpochOrder(len(fold.training), config.batch_size, seed, accelerator.process_index, processes, shares)
    if min(order.batch_sizes) < processes:
        raise Refusal(
            f"a step of {min(order.batch_sizes)} images cannot be shared by {processes} processes. "
            "Raise train.batch_size, or set FOLDLINE_PROCESSES=1."
        )
    augment = build_augmentation(config.augmentation, fold.pixels.shape[1:], fold.symmetries)
    loader = training_loader(fold.pixels, fold.training.positions, augment, order, config.workers)
    changes = BatchChanges(
        share=share_by_epoch(config.resolution),
        mix=partial(build_mix, config.mixing, epochs=config.epochs),
        seed=(*seed, accelerator.process_index),
        channels_last=config.channels_last,
    )
    targets = torch.from_numpy(fold.training.targets)
    return TrainingBatches(loader, targets, fold_objective(fold, config).soft, changes, accelerator.device)


def fold_objective(fold: Fold, config: Train) -> Objective:
    return build_objective(fold.target, config.loss, config.imbalance, fold.classes, fold.training.targets)


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
    return lambda model: evaluate(model, loader, targets, pieces.objective, accelerator).means(len(samples))


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
    """What was not measured is left out: the accuracy of a regression, the validation of all rows."""
    parts = []
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        if not math.isnan(line[name]):
            parts.append(f"{name.replace('_', ' ')} {line[name]:.4f}")
    return f"fold {fold}  epoch {line['epoch']:>3}/{epochs}  " + "  ".join(parts)
