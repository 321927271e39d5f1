"""The very training, timed for some steps of its own loop; each time in a process of its own, whose memory this is."""

import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import nan
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from foldline.files.parent import die_with_pool
from foldline.files.refusal import Refusal
from foldline.training.batches import Batch, TrainingBatches
from foldline.training.dry_run import Unwatched
from foldline.training.head_initialisation import NoLinearProbe
from foldline.training.loop import train
from foldline.training.measuring import validation
from foldline.training.processes import memory_advice, start_accelerator
from foldline.training.rate_finder import endless
from foldline.training.speed import wait_for
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold, build_training, training_batches

STEPS = 5
MOST_SECONDS = 30.0
"""Where steps take longer than that together, the one that exceeds it is the last; the second at the earliest."""
PREFETCHED = 2
"""Batches that torch's loader holds for each worker: what was loaded while nobody waited says nothing."""
Clock = Callable[[], float]
Step = TypeVar("Step")
Measured = TypeVar("Measured")


@dataclass(frozen=True)
class TrainingTime:
    first_seconds: float
    """Until the first step is done: the model is built, compiled, its memory set up."""
    waiting_seconds: float
    """Of a step, for its images: what is loaded and augmented beside the steps takes none."""
    working_seconds: float
    """Of a step, once its images are there."""
    refreshing_seconds: float
    """For each batch that gives averaged weights their statistics at an epoch's end."""
    validation_seconds: float
    """Of an image."""
    unevenness: float
    """The slowest of the timed steps by the fastest: far above 1 on a machine that does something else as well."""
    peak_bytes: int
    """Of the device's memory, or of resident memory without one; loader processes have their own."""

    @property
    def step_seconds(self) -> float:
        return self.waiting_seconds + self.working_seconds


@dataclass(frozen=True)
class LastEpoch:
    """Instead of a part of `train` that changes with the epochs: as it is in the last one, from the first on."""

    part: Any
    epoch: int

    def fraction(self, epoch: int) -> float:
        return self.part.fraction(self.epoch)

    def start_epoch(self, model: nn.Module, epoch: int) -> bool:
        return self.part.start_epoch(model, self.epoch)


class ClockedBatches(TrainingBatches):
    """A few of a training's batches in place of an epoch's, with what the clock says."""

    def __init__(self, batches: TrainingBatches, steps: int, refreshed: int, clock: Clock) -> None:
        """At most so many are given out for steps, and for the statistics of averaged weights."""
        self._batches, self._steps, self._refreshed, self._clock = batches, steps, refreshed, clock
        self._seen = 0
        self.stamps: list[tuple[float, float, float]] = []
        """Of each step: when it asked for its images, had them, and was done."""
        self.refreshing = 0

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def images(self) -> int:
        return self._seen

    def mixed(self, epoch: int) -> Iterator[Batch]:
        source = endless(self._batches.mixed)
        while len(self.stamps) < self._steps and not is_enough([done - asked for asked, _, done in self.stamps]):
            asked, batch = self._clock(), next(source)
            there = self._clock()
            self._seen += len(batch.images)
            yield batch
            self.stamps.append((asked, there, self._clock()))

    def of(self, epoch: int) -> Iterator[Batch]:
        for batch in islice(self._batches.of(epoch), self._refreshed):
            self.refreshing += 1
            yield batch


def time_training(fold: Fold, config: Train, whole: bool = True, clock: Clock = perf_counter) -> TrainingTime:
    """A training's last epoch, or a phase's, as one process has it; what comes after its steps only if it is `whole`,
    else this takes 0 seconds. Linear probes of the head are left out.

    Raises Refusal where memory runs out.
    """
    accelerator = start_accelerator(config.precision)
    device = accelerator.device

    def at_rest() -> float:
        wait_for(device)
        return clock()

    start, last, judging = at_rest(), max(config.epochs, 1) - 1, list[float]()
    few = STEPS if whole else 0
    parts = {name: LastEpoch(getattr(config, name), last) for name in ("resolution", "freezing")}
    timed = config.model_copy(update={**parts, "epochs": last + 1, "head_initialisation": NoLinearProbe(kind="none")})
    judged = fold.validation.at(np.arange(min(len(fold.validation), few * config.micro_batch_size)))
    with memory_advice(config.micro_batch_size, config.batch_size):
        steps = warm_up(config.workers) + STEPS
        batches = ClockedBatches(training_batches(fold, timed, accelerator), steps, few, at_rest)
        setup = build_training(fold, timed, len(batches), device)
        judge = validation(fold.pixels, judged, setup.judged_by, timed, accelerator, fold.task)

        def validate(model: nn.Module) -> tuple[float, float]:
            judging.append(at_rest())
            for _ in range(2):  # The first sets up memory and loaders.
                judge(model)
                judging.append(at_rest())
            return nan, nan

        next(train(setup, batches, validate, Unwatched((), 1, Path()), None, accelerator))
    stamps = settled(batches.stamps, config.workers)
    working = [done - there for _, there, done in stamps]
    return TrainingTime(
        batches.stamps[0][-1] - start,
        median(there - asked for asked, there, _ in stamps),
        median(working),
        (judging[0] - batches.stamps[-1][-1]) / batches.refreshing if batches.refreshing else 0.0,
        (judging[2] - judging[1]) / len(judged) if len(judged) else 0.0,
        max(working) / min(working),
        peak_memory(device),
    )


def warm_up(workers: int) -> int:
    """Steps at the start that are not what later ones are."""
    return 1 + PREFETCHED * workers


def settled(steps: Sequence[Step], workers: int) -> Sequence[Step]:
    """Those after the start, or the last one."""
    return steps[min(warm_up(workers), len(steps) - 1) :]


def is_enough(seconds: Sequence[float]) -> bool:
    return len(seconds) > 1 and sum(seconds) > MOST_SECONDS


def peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def apart(measure: Callable[[], Measured]) -> Measured:
    """What it gives or raises in a fork of this process, which must have started no device.

    Raises Refusal where something ends the fork, as a system does when memory runs out.
    """
    context = get_context("fork")
    mine, its = context.Pipe(duplex=False)
    fork = context.Process(target=_answer, args=(its, measure))
    fork.start()
    its.close()
    try:
        answer = mine.recv()
    except EOFError:
        answer = Refusal(
            "a process was ended from outside, most likely since memory ran out. Lower train.micro_batch_size, or use "
            "fewer loaders (train.workers)."
        )
    finally:
        fork.kill()
        fork.join()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _answer(pipe: Connection, measure: Callable[[], object]) -> None:
    die_with_pool()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Its parent ends it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        pipe.send(measure())
    except Exception as error:
        pipe.send(error)
