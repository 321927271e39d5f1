"""A training's setup: a fold's facts, and of these and the section `train` the model and the batches."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from foldline.card.activations import ActivationKind
from foldline.files.places import FoldName
from foldline.files.refusal import Refusal
from foldline.pixels.loaders import EpochOrder, Pixels, training_loader
from foldline.training.augmentation import build_augmentation
from foldline.training.averages import Passes
from foldline.training.batches import TrainingBatches
from foldline.training.chosen_weights import load_chosen
from foldline.training.fold_samples import Samples, TabularEncoding, labelled
from foldline.training.layer_groups import parameter_groups
from foldline.training.loop import TrainingSetup, seed_torch
from foldline.training.losses import Loss
from foldline.training.models import Architecture, Classifier, build_model
from foldline.training.objectives import Objective, build_objective
from foldline.training.optimizers import hyperparameters
from foldline.training.pretext_kind import LearnedPretext
from foldline.training.train_section import Train

ALL_ROWS_SEED = 2**32 - 1
"""Instead of a fold's number, which no fold has. A later phase counts down from it, where no epoch is."""


@dataclass(frozen=True)
class Fold:
    """The facts of one fold's training; how to train is the section `train`."""

    name: FoldName
    seed: int
    """Of this training, one of those that the section `train` lists."""
    pixels: Pixels
    training: Samples
    validation: Samples
    sizes: tuple[int, ...]
    """How many classes each column of a target of several labels has; of all others, how many there are."""
    symmetries: Sequence[str]
    """Those that leave a label true: the card's."""
    weights: Path | None
    """The backbone's starting weights, None for random ones."""
    activation: type[ActivationKind]
    """What the loss makes of a model's outputs."""
    before: "Fold | None" = None
    """What is learned first: with its head this training then ends."""
    tabular: TabularEncoding | None = None
    """What the samples' tabular features mean; None where a row is its images."""
    phase: int = 0
    """Which of the training's it is."""
    chosen: Path | None = None
    """What the pretext's choice hands on of a backbone (chosen_weights.py); it comes after `weights`."""
    task: LearnedPretext | None = None
    """What is learned instead of targets."""
    features: Path | None = None
    """The folder of what backbones make of the pixels that no epoch trains (frozen.py)."""

    @property
    def title(self) -> str:
        return (f"{self.task.kind}, " if self.task else "") + f"fold {self.name}, seed {self.seed}"


def fold_seed(fold: Fold) -> tuple[int, ...]:
    """Of all that is drawn while training."""
    name = fold.name if isinstance(fold.name, int) else ALL_ROWS_SEED
    return (fold.seed, name, ALL_ROWS_SEED - fold.phase) if fold.phase else (fold.seed, name)


def with_labels(fold: Fold, fraction: float) -> Fold:
    """Only `fraction` of the training rows."""
    return replace(fold, training=labelled(fold.training, fraction, fold_seed(fold)))


def fold_objective(fold: Fold, loss: Loss) -> Objective:
    return build_objective(fold.activation, loss, fold.sizes, fold.training.targets)


Weights = Mapping[str, Tensor]
"""A model's, by name."""


def build_training(
    fold: Fold, config: Train, steps_per_epoch: int, device: torch.device, learned: Weights | None = None
) -> TrainingSetup:
    """`learned`: the weights of the training that went before, None where there was none."""
    objective = fold_objective(fold, config.loss)
    model = first_model(fold, config, objective, learned).to(device)
    if config.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if learned is None:
        start_head(model, fold, config)
    optimizer = config.optimizer.build(parameter_groups(model, config.learning_rates, config.optimizer.weight_decay))
    config.freezing.start_epoch(model, 0)  # What cannot be frozen is refused before any work.
    length = steps_per_epoch, config.epochs
    change = hyperparameters(config.schedule.rates(*length), config.schedule.momenta(*length), optimizer)
    objective = replace(objective, loss=config.model.hardened(objective.loss))
    average = config.average.follow(model, Passes(objective.loss, config.micro_batch_size), *length)
    if config.compile:
        refuse_without_compiler()
        model.compile()
    judged_by = fold_objective(fold, config.loss.measured(fold.activation.learned))
    return TrainingSetup(config, objective, model, optimizer, judged_by, change, average, fold_seed(fold))


def first_model(fold: Fold, config: Train, objective: Objective, learned: Weights | None) -> Classifier:
    """Its first weights, drawn from the seed, are the same for all folds."""
    _, height, width, channels = fold.pixels.shape
    seed_torch((fold.seed,))
    architecture = Architecture(
        model=config.model,
        channels=channels,
        height=height,
        width=width,
        outputs=objective.outputs,
        activation=objective.activation,
        tabular=fold.tabular,
        own_code=config.model.own_code(),
        frozen=config.epochs == 0,
    )
    model = build_model(architecture, fold.weights)
    if fold.chosen is not None:
        load_chosen(model.backbone, fold.chosen)
    model.standardise_targets(objective.target_mean, objective.target_std)
    if learned is not None:
        model.load_state_dict(learned)
    return model


def start_head(model: Classifier, fold: Fold, config: Train) -> None:
    """Samples count there as they do in an epoch."""
    if not config.head_initialisation.learns:
        return
    samples = fold.training
    weights = np.asarray(samples.weights * config.imbalance.counts(samples.targets), np.float32)
    weighed = replace(samples, weights=weights)
    config.head_initialisation.start(model, replace(fold, training=weighed), config.micro_batch_size)


def refuse_without_compiler() -> None:
    """Raises Refusal when torch would not find the C++ compiler that its compilation needs, for a GPU too."""
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if shutil.which(compiler) is None:
        raise Refusal(
            f"train.compile needs a C++ compiler, and there is no `{compiler}`. Install one, name yours in $CXX, or "
            "set train.compile to false."
        )


def training_batches(fold: Fold, config: Train, accelerator: Accelerator) -> TrainingBatches:
    """Raises Refusal when a step would have no image for some process."""
    processes = accelerator.num_processes
    seed = fold_seed(fold)
    samples = fold.training
    draws = config.imbalance.draws(samples.targets)
    order = EpochOrder(len(samples), config.batch_size, seed, accelerator.process_index, processes, draws)
    if min(order.batch_sizes) < processes:
        raise Refusal(
            f"a step of {min(order.batch_sizes)} images cannot be shared by {processes} processes. "
            "Raise train.batch_size, or set FOLDLINE_PROCESSES=1."
        )
    augment = build_augmentation(config.augmentation, fold.pixels.shape[1:], fold.symmetries)
    loader = training_loader(fold.pixels, samples.cache_indices, augment, order, config.workers)
    weighed = replace(samples, weights=samples.weights * config.imbalance.weights(samples.targets))
    soft_targets, process_seed = fold_objective(fold, config.loss).soft_targets, (*seed, accelerator.process_index)
    return TrainingBatches(loader, weighed, soft_targets, config, process_seed, accelerator.device, fold.task)
