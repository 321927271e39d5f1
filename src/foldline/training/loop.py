"""The training loop: one page, read from top to bottom. All that varies is a value passed in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer
from tqdm import tqdm

from foldline.training.averages import Follower
from foldline.training.batches import Batch, TrainingBatches, parts
from foldline.training.checkpoints import Progress, checkpoint_state, restore
from foldline.training.layer_groups import Freezing
from foldline.training.measuring import LossGuard, Totals
from foldline.training.objectives import Objective
from foldline.training.optimizers import Clip, Steer
from foldline.training.processes import over_processes


@dataclass(frozen=True)
class Pieces:
    """What a training is made of."""

    model: nn.Module
    """As it was built, not yet wrapped by Accelerate."""
    optimizer: Optimizer
    """Its groups carry a `peak_rate`; the head's is the last."""
    steer: Steer
    """Sets rates and momenta for a step."""
    freezing: Freezing
    """Says which parameters learn."""
    objective: Objective
    clip: Clip
    average: Follower
    """Follows `model`."""
    micro_batch_size: int
    epochs: int
    seed: tuple[int, ...]
    """Of everything that torch draws: dropout, stochastic depth."""
    keep_best: bool
    """Whether to remember the weights of the epoch with the lowest validation loss."""


def train(
    pieces: Pieces,
    batches: TrainingBatches,
    validate: Callable[[nn.Module], tuple[float, float]],
    guard: LossGuard,
    checkpoint: Mapping[str, Any] | None,
    accelerator: Accelerator,
) -> Iterator[dict[str, Any]]:
    """Yields the state after every epoch: a checkpoint, from which a later call goes on as if nothing had happened.

    `validate(model)`: loss and accuracy over the validation images of all processes.
    """
    model, optimizer = accelerator.prepare(pieces.model, pieces.optimizer)
    # A wrapper made anew keeps the model and the state.
    stateful = {
        "model": pieces.model,
        "optimizer": optimizer,
        "average": pieces.average,
        "scaler": accelerator.scaler,
    }
    progress = Progress() if checkpoint is None else restore(checkpoint, stateful)
    while progress.epoch < pieces.epochs:
        seed_torch((*pieces.seed, progress.epoch, accelerator.process_index))
        totals = Totals(accelerator)
        if pieces.freezing.start_epoch(pieces.model, progress.epoch):
            model, optimizer = wrapped_anew(model, optimizer, accelerator)
        first_step = progress.epoch * len(batches)
        for step, batch in enumerate(progress_bar(batches, progress.epoch, accelerator), start=first_step):
            pieces.steer(optimizer, step)
            for part in parts(batch, pieces.micro_batch_size):
                with nullcontext() if part.is_last else accelerator.no_sync(model):
                    logits = model(part.images, *part.side)
                    losses = part.weights * pieces.objective.loss(logits, part.targets)
                    # Accelerate averages over processes; together they must average over the step's images.
                    accelerator.backward(losses.sum() * (accelerator.num_processes / batch.count))
                totals.add(losses, pieces.objective.right(logits, part.targets))
                guard.watch(step, losses, part.index)
            pieces.clip(accelerator, model)
            optimizer.step()
            optimizer.zero_grad()
            if not accelerator.optimizer_step_was_skipped:
                pieces.average.update()
        guard.check()
        share_statistics(pieces.model, accelerator)
        with accelerator.autocast():
            pieces.average.finish_epoch(batches.of(progress.epoch), accelerator)
        share_statistics(pieces.average.model, accelerator)
        training, validation = totals.means(batches.images), validate(pieces.average.model)
        is_best = progress.finish_epoch(optimizer.param_groups[-1]["lr"], training, validation)
        if pieces.keep_best and is_best:
            progress.keep(pieces.average.model)
        yield checkpoint_state(progress, stateful)


def seed_torch(seed: Sequence[int]) -> None:
    """Whatever torch draws until the next call depends on `seed` alone: an epoch that is run again is the same."""
    torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))


def wrapped_anew(model: nn.Module, optimizer: Optimizer, accelerator: Accelerator) -> tuple[nn.Module, Optimizer]:
    """For processes that train together, after other parameters learn: their wrapper waits for the gradients of those
    that learned when it was made."""
    if not isinstance(model, DistributedDataParallel):
        return model, optimizer
    bare = accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    accelerator.free_memory()  # It would keep the old wrapper, and with it a copy of all gradients.
    return accelerator.prepare(bare, optimizer)


def share_statistics(model: nn.Module, accelerator: Accelerator) -> None:
    """Every process's running statistics (BatchNorm's) become the mean of all processes'."""
    if accelerator.num_processes == 1:
        return
    for buffer in model.buffers():
        if buffer.is_floating_point():
            buffer.copy_(over_processes(buffer, "mean", accelerator))


def progress_bar(batches: TrainingBatches, epoch: int, accelerator: Accelerator) -> Iterator[Batch]:
    """On a terminal and in the first process only."""
    yield from tqdm(
        batches.mixed(epoch),
        desc=f"epoch {epoch + 1}",
        total=len(batches),
        unit="step",
        leave=False,
        disable=None if accelerator.is_main_process else True,
    )
