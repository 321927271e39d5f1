"""The training loop: one page, read from top to bottom. All that varies is a value passed in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from foldline.files.progress import progress
from foldline.training.averages import Follower
from foldline.training.batches import Batch, TrainingBatches, micro_batches
from foldline.training.checkpoints import EpochRow, Progress, checkpoint_state, restore
from foldline.training.measuring import NonFiniteCheck, RunningSums, refuse_lost_weights
from foldline.training.objectives import Objective
from foldline.training.optimizers import SetHyperparameters
from foldline.training.processes import over_processes
from foldline.training.train_section import Train

SKIPPED = "skipped_steps"
"""Those of the last epoch, in a state."""


@dataclass(frozen=True)
class TrainingSetup:
    config: Train
    objective: Objective
    model: nn.Module
    """As it was built, not yet wrapped by Accelerate."""
    optimizer: Optimizer
    """Its groups carry a `peak_rate`; the head's is the last."""
    judged_by: Objective
    """As `objective`, without the smoothing of targets: what validation measures, whatever the recipe."""
    set_hyperparameters: SetHyperparameters
    """Rates and momenta for a step."""
    average: Follower
    """Follows `model`."""
    seed: tuple[int, ...]
    """Of everything that torch draws: dropout, stochastic depth."""
    earlier: Sequence[EpochRow] = ()
    """The history of earlier phases."""


def train(
    setup: TrainingSetup,
    batches: TrainingBatches,
    validate: Callable[[nn.Module], tuple[float, float]],
    check: NonFiniteCheck,
    checkpoint: Mapping[str, Any] | None,
    accelerator: Accelerator,
) -> Iterator[dict[str, Any]]:
    """Yields the state after every epoch: a checkpoint, from which a later call goes on as if nothing had happened.

    `validate(model)`: loss and accuracy over the validation images of all processes.
    """
    config, average = setup.config, setup.average
    model, optimizer = accelerator.prepare(setup.model, setup.optimizer)
    stateful = {"model": setup.model, "optimizer": optimizer, "average": average, "scaler": accelerator.scaler}
    start = Progress([*setup.earlier], earlier=len(setup.earlier))
    progress = start if checkpoint is None else restore(checkpoint, stateful)
    while progress.epoch < config.epochs:
        seed_torch((*setup.seed, progress.epoch, accelerator.process_index))
        sums, skipped = RunningSums(accelerator), 0
        if config.freezing.start_epoch(setup.model, progress.epoch):
            model, optimizer = wrapped_anew(model, optimizer, accelerator)
        first_step = progress.epoch * len(batches)
        for step, batch in enumerate(progress_bar(batches, progress, accelerator), start=first_step):
            setup.set_hyperparameters(optimizer, step)
            for micro_batch, logits, losses in passes(setup, model, batch, accelerator):
                sums.add(losses, setup.objective.correct(logits, micro_batch.targets))
                check.watch(step, losses, micro_batch.index)
            config.clipping.clip(accelerator, model)
            optimizer.step()
            optimizer.zero_grad()
            if accelerator.optimizer_step_was_skipped:
                skipped += 1  # Gradients in half precision were not finite: the scale of the loss is lowered.
            else:
                average.update()
        check.look()
        refuse_lost_weights(setup.model, progress.number)
        sync_buffers(setup.model, accelerator)
        with accelerator.autocast():
            average.finish_epoch(batches.of(progress.epoch), accelerator)
        sync_buffers(average.model, accelerator)
        training, validation = sums.means(batches.images), validate(average.model)
        is_best = progress.finish_epoch(optimizer.param_groups[-1]["lr"], training, validation)
        if config.keep == "best" and is_best:
            progress.keep(average.model)
        yield checkpoint_state(progress, stateful) | {SKIPPED: skipped}


def passes(
    setup: TrainingSetup, model: nn.Module, batch: Batch, accelerator: Accelerator
) -> Iterator[tuple[Batch, Tensor, Tensor]]:
    """Each micro-batch once forward and backward, so that gradients add up: it, its logits and losses."""
    cut = micro_batches(batch, setup.config.micro_batch_size)
    for micro_batch in cut:
        with nullcontext() if micro_batch is cut[-1] else accelerator.no_sync(model):
            logits = model(micro_batch.images, *micro_batch.tabular)
            losses = micro_batch.weights * setup.objective.loss(logits, micro_batch.targets)
            # Accelerate averages over processes; together they must average over the step's images.
            accelerator.backward(losses.sum() * (accelerator.num_processes / batch.global_batch_size))
        yield micro_batch, logits, losses


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


def sync_buffers(model: nn.Module, accelerator: Accelerator) -> None:
    """Every process's running statistics (BatchNorm's) become the mean of all processes'."""
    if accelerator.num_processes == 1:
        return
    for buffer in model.buffers():
        if buffer.is_floating_point():
            buffer.copy_(over_processes(buffer, "mean", accelerator))


def progress_bar(batches: TrainingBatches, done: Progress, accelerator: Accelerator) -> Iterator[Batch]:
    """On a terminal and in the first process only."""
    yield from progress(
        batches.mixed(done.epoch),
        desc=f"epoch {done.number}",
        total=len(batches),
        unit="step",
        disable=None if accelerator.is_main_process else True,
    )
