"""The learning-rate finder: a short training under growing rates that leaves no trace (Smith 2017), and what its
curves suggest. After each step it also looks at the next validation batch.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from accelerate import Accelerator
from jaxtyping import Float
from scipy.signal import lfilter
from torch import nn
from torch.optim import Optimizer

from foldline.files.progress import progress
from foldline.files.refusal import Refusal
from foldline.files.whole_files import whole_folder, write_json
from foldline.pixels.loaders import evaluation_loader
from foldline.training.batches import Batch, TrainingBatches
from foldline.training.loop import TrainingSetup, passes, seed_torch
from foldline.training.measuring import evaluation_batches, measure
from foldline.training.objectives import Objective
from foldline.training.optimizers import set_rates
from foldline.training.processes import memory_advice
from foldline.training.rate_chart import draw_sweep
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold, build_training, training_batches

MEASURES = ("train_loss", "validation_loss", "validation_accuracy")
COLUMNS = ("step", "learning_rate", *MEASURES, *(f"smoothed_{measure}" for measure in MEASURES))


@dataclass(frozen=True)
class Sweep:
    """The rate of the head grows exponentially; other groups keep their ratio to it."""

    lowest: float
    highest: float
    steps: int
    smoothing: float
    """The weight that an average keeps at each step."""

    def rates(self) -> Float[np.ndarray, " steps"]:
        return np.geomspace(self.lowest, self.highest, self.steps)

    def refuse_unfit(self) -> None:
        """Raises Refusal when this is no sweep."""
        if not (0 < self.lowest < self.highest and self.steps >= 2 and 0 <= self.smoothing < 1):
            raise Refusal(
                f"no sweep goes from {self.lowest:g} to {self.highest:g} in {self.steps} steps with a smoothing of "
                f"{self.smoothing:g}. It takes 0 < lowest < highest, 2 steps or more, and 0 <= smoothing < 1."
            )


def find_rates(
    setup: TrainingSetup, batches: TrainingBatches, validation: Iterator[Batch], sweep: Sweep, accelerator: Accelerator
) -> pd.DataFrame:
    """One row per step with the columns COLUMNS, until the loss diverges or the rates are at an end.

    `validation`: batches without end. Weights, statistics, optimiser and random states stay what they were, to the bit:
    the sweep trains a copy, of which the parts learn that learn in a training's first epoch. For one process.
    """
    rows: list[dict[str, float]] = []
    with torch.random.fork_rng(devices=[accelerator.device] if accelerator.device.type == "cuda" else []):
        seed_torch(setup.seed)
        model, optimizer = accelerator.prepare(*deepcopy((setup.model, setup.optimizer)))
        head_rate = optimizer.param_groups[-1]["peak_rate"]
        training = endless(batches.mixed)
        for step, rate in enumerate(progress(sweep.rates(), desc="learning rates", unit="step"), start=1):
            set_rates(optimizer, rate / head_rate)
            train_loss = _training_step(setup, model, optimizer, next(training), accelerator)
            losses, correct = measure(model.eval(), next(validation), setup.judged_by, accelerator)
            seen = (step, float(rate), train_loss, losses.mean().item(), correct.double().mean().item())
            rows.append(dict(zip(COLUMNS, seen, strict=False)))
            if has_diverged(smoothed(np.array([row["train_loss"] for row in rows]), sweep.smoothing)):
                break
    table = pd.DataFrame(rows)
    for column in MEASURES:
        table[f"smoothed_{column}"] = smoothed(table[column].to_numpy(), sweep.smoothing)
    return table


def sweep_fold(fold: Fold, config: Train, sweep: Sweep, accelerator: Accelerator) -> pd.DataFrame:
    """A fold's training as `train_fold` would begin it (its first phase), with `sweep` in place of its schedule. See
    `find_rates`."""
    sweep.refuse_unfit()
    config = config.in_phases[0]
    with memory_advice(config.micro_batch_size, config.batch_size):
        batches = training_batches(fold, config, accelerator)
        setup = build_training(fold, config, len(batches), accelerator.device)
        validation = validation_batches(fold, config.micro_batch_size, setup.judged_by, accelerator.device)
        return find_rates(setup, batches, validation, sweep, accelerator)


def write_sweep(folder: Path, table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """`rates.csv`, `rates.png` and `suggestions.json`, which is returned: by loss, then by name."""
    suggestions = {
        name: suggest(*while_finite(table["learning_rate"].to_numpy(), table[f"smoothed_{column}"].to_numpy()))
        for name, column in {"training": "train_loss", "validation": "validation_loss"}.items()
    }
    with whole_folder(folder) as partial:
        table.to_csv(partial / "rates.csv", index=False, lineterminator="\n")
        (partial / "rates.png").write_bytes(draw_sweep(table, suggestions["training"]))
        write_json(partial / "suggestions.json", suggestions)
    return suggestions


def validation_batches(fold: Fold, batch_size: int, objective: Objective, device: torch.device) -> Iterator[Batch]:
    """Without end, in an order drawn once: rows often lie class by class."""
    shuffled = fold.validation.at(np.random.default_rng(fold.seed).permutation(len(fold.validation)))
    loader = evaluation_loader(fold.pixels, shuffled.cache_indices, batch_size, workers=0)
    return endless(lambda epoch: evaluation_batches(loader, shuffled, objective, device))


def endless(epoch_batches: Callable[[int], Iterator[Batch]]) -> Iterator[Batch]:
    for epoch in count():
        yield from epoch_batches(epoch)


def _training_step(
    setup: TrainingSetup, model: nn.Module, optimizer: Optimizer, batch: Batch, accelerator: Accelerator
) -> float:
    setup.config.freezing.start_epoch(model, 0)  # Validation has put it into eval mode; frozen parts stay so.
    total = sum(losses.detach().sum().item() for _, _, losses in passes(setup, model, batch, accelerator))
    setup.config.clipping.clip(accelerator, model)
    optimizer.step()
    optimizer.zero_grad()
    return total / batch.global_batch_size


Curve = Float[np.ndarray, " steps"]
DIVERGED = 4.0
"""A sweep ends when its smoothed loss is this many times its lowest (fastai's limit)."""
LEARNED = 0.9
"""Of its first value: below it a loss has fallen by more than batches differ, so that the model has learned."""
STILL_FALLING = 0.1
"""The highest stable rate is where the loss still falls by this fraction of its steepest fall."""


def smoothed(values: Curve, decay: float) -> Curve:
    """Exponential moving average without the pull of its start towards zero (Kingma and Ba 2015, section 3)."""
    pulled = lfilter([1 - decay], [1, -decay], values)
    return pulled / (1 - decay ** np.arange(1, len(values) + 1))


def has_diverged(losses: Curve) -> bool:
    """Whether the last of the smoothed losses is not a number, or far above the lowest, or above the first although the
    model had learned: one that began above a guess's loss would else fall back to it, which looks like progress."""
    last, lowest, first = losses[-1], np.min(losses), losses[0]
    lost_what_it_learned = lowest < LEARNED * first and last > first
    return bool(not np.isfinite(last) or last > DIVERGED * lowest or lost_what_it_learned)


def while_finite(rates: Curve, losses: Curve) -> tuple[Float[np.ndarray, " finite"], Float[np.ndarray, " finite"]]:
    """Both until the loss is not a number. Raises Refusal when it hardly ever is one."""
    end = int(np.argmin(np.append(np.isfinite(losses), False)))
    if end < 2:
        raise Refusal(
            f"the loss is not a finite number after {end + 1} steps at a rate of {rates[end]:g} already, so there is "
            "nothing to suggest. Begin lower (--lowest), or train in float32 or bfloat16."
        )
    return rates[:end], losses[:end]


def suggest(rates: Curve, losses: Curve) -> dict[str, float]:
    """The rates that a curve of smoothed losses over exponentially growing rates suggests, by name.

    minimum: where the loss is lowest.
    steepest: where it falls fastest with the logarithm of the rate (Smith 2017).
    valley: in the middle of its longest fall (fastai's default).
    highest_stable: the highest rate below the minimum where it still falls noticeably.
    Where the loss never falls, all but the minimum are the lowest rate.
    """
    lowest = int(np.argmin(losses))
    slopes = np.gradient(losses, np.log(rates))[: lowest + 1]
    steepest = int(np.argmin(slopes))
    falling = np.flatnonzero(slopes <= STILL_FALLING * slopes[steepest])
    return {
        "minimum": float(rates[lowest]),
        "steepest": float(rates[steepest]),
        "valley": float(rates[_valley(losses)]),
        "highest_stable": float(rates[falling[-1] if slopes[steepest] < 0 else 0]),
    }


def _valley(losses: Curve) -> int:
    """The middle of the longest decreasing subsequence, taken to be as long as it has members (fastai)."""
    lengths, before = np.ones(len(losses), np.int64), np.arange(len(losses))
    for step in range(1, len(losses)):
        higher = np.flatnonzero(losses[:step] > losses[step])
        if len(higher):
            before[step] = higher[np.argmax(lengths[higher])]
            lengths[step] = lengths[before[step]] + 1
    end = int(np.argmax(lengths))
    start = max(end - int(lengths[end]), 0)
    return start + (end - start) // 2
