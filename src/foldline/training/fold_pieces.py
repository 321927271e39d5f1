"""What a fold's training is made of: model, batches and validation, every piece from its section."""

import math
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from foldline.files.refusal import Refusal
from foldline.pixels.loaders import EpochOrder, evaluation_loader, training_loader
from foldline.training.augmentation import build_augmentation
from foldline.training.batches import BatchChanges, TrainingBatches
from foldline.training.fold import Fold, fold_objective, fold_seed
from foldline.training.layer_groups import parameter_groups
from foldline.training.loop import Pieces, seed_torch
from foldline.training.measuring import evaluate
from foldline.training.models import Architecture, Classifier, build_model, refuse_unfit_images
from foldline.training.objectives import Objective, square_root_shares
from foldline.training.optimizers import steering
from foldline.training.section import Train

Weights = Mapping[str, Tensor]
"""A model's, by name."""


def choose_pieces(
    fold: Fold, config: Train, steps_per_epoch: int, device: torch.device, learned: Weights | None = None
) -> Pieces:
    """`learned`: the weights of the training that went before, None where there was none."""
    objective = fold_objective(fold, config)
    model = first_model(fold, config, objective, learned).to(device)
    if config.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if learned is None:
        config.warm_start.start(model, fold, config.micro_batch_size)
    optimizer = config.optimizer.build(parameter_groups(model, config.rates, config.optimizer.weight_decay))
    length = steps_per_epoch, config.epochs
    steer = steering(config.schedule.rates(*length), config.schedule.momenta(*length), optimizer)
    average = config.average.follow(model, objective.loss, steps_per_epoch)
    if config.compile:
        refuse_without_compiler()
        model.compile()
    return Pieces(
        model=model,
        optimizer=optimizer,
        steer=steer,
        start_epoch=config.freezing.starts(model),
        objective=objective,
        clip=config.clipping.clip,
        average=average,
        micro_batch_size=config.micro_batch_size,
        epochs=config.epochs,
        seed=fold_seed(fold),
        keep_best=config.keep == "best",
    )


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
        side=fold.side,
        own_code=config.model.own_code(),
    )
    model = build_model(architecture, fold.weights)
    model.speak_in(objective.center, objective.scale)
    refuse_unfit_images(model, config.resolution)
    if learned is not None:
        model.load_state_dict(learned)
    return model


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
        share=config.resolution.share,
        mix=partial(config.mixing.mix, epochs=config.epochs),
        seed=(*seed, accelerator.process_index),
        channels_last=config.channels_last,
    )
    targets, *side = map(torch.from_numpy, (fold.training.targets, *fold.training.side))
    soft = fold_objective(fold, config).soft
    return TrainingBatches(loader, targets, soft, changes, accelerator.device, tuple(side))


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
    targets, *side = (torch.from_numpy(values[mine]) for values in (samples.targets, *samples.side))
    return lambda model: evaluate(model, loader, targets, side, pieces.objective, accelerator).means(len(samples))
