"""One fold's training run: its setup put together, the loop, the checkpoints; what it ends with, and its files."""

import math
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from accelerate import Accelerator
from tqdm import tqdm

from foldline.card.views import IDENTITY
from foldline.files.progress import Done, report_progress
from foldline.files.whole_files import write_json
from foldline.training.averages import Passes
from foldline.training.batches import TrainingBatches
from foldline.training.checkpoints import Checkpoints, EpochRow
from foldline.training.frozen import frozen_features, head_of
from foldline.training.history import COLUMNS, describe_epoch, write_history
from foldline.training.layer_groups import moving_batchnorms
from foldline.training.loop import SKIPPED, sync_buffers, train
from foldline.training.measuring import NonFiniteCheck, validation
from foldline.training.models import Classifier, load_model, save_model
from foldline.training.processes import memory_advice
from foldline.training.soups import NO_SOUP, mean_weights
from foldline.training.tracking import track
from foldline.training.train_section import Train
from foldline.training.training_setup import (
    Fold,
    TrainingSetup,
    Weights,
    build_training,
    first_model,
    fold_objective,
    start_head,
    training_batches,
)


@dataclass(frozen=True)
class Trained:
    model: Classifier
    history: list[EpochRow]
    kept: EpochRow
    """The row of the epoch whose weights these are."""
    phases: Sequence[str] = ()
    """Each row's phase, where there are any."""
    soup: Classifier | None = None


def write_trained(folder: Path, trained: Trained) -> None:
    """`model.safetensors`, `history.csv` and `metrics.json`; equal trainings write equal bytes."""
    save_model(folder / "model.safetensors", trained.model, trained.soup)
    of_phases = {"phase": trained.phases} if trained.phases else {}
    write_history(folder / "history.csv", pd.DataFrame(trained.history).assign(**of_phases))
    measured = {name: value for name, value in trained.kept.items() if not math.isnan(value)}
    write_json(folder / "metrics.json", measured)


State = dict[str, Any]
"""What `train` yields and a checkpoint holds."""
HEAD = "head"
"""In a checkpoint: the head to put back, once it is learned."""


def train_fold(
    fold: Fold, config: Train, checkpoints: Checkpoints, accelerator: Accelerator, saved: Path = Path()
) -> Trained:
    """Train one fold, or go on where an earlier run was stopped. Every process calls it and gets the same.

    `saved`: the folder of the phases' models that are to be kept.
    Raises Refusal when the loss is no longer a number, or when memory runs out.
    """
    with memory_advice(config.micro_batch_size, config.batch_size):
        state = begin(checkpoints, fold.title, config.epochs, accelerator)
        if fold.before is not None:
            return put_head_back(fold, fold.before, config, state, checkpoints, accelerator, saved)
        return learn(fold, config, state, checkpoints, accelerator, saved=saved)


def put_head_back(
    fold: Fold,
    before: Fold,
    config: Train,
    state: State | None,
    checkpoints: Checkpoints,
    accelerator: Accelerator,
    saved: Path,
) -> Trained:
    """Train `before`, go on from there with all of `fold` for a whole schedule, and give the model the head that it had
    in between. Training loss and accuracy are those of the other head."""
    head = None if state is None else state.get(HEAD)
    learned = None
    if head is None:
        alone = config.model_copy(update={"soup": NO_SOUP})
        trackers, accelerator.trackers = accelerator.trackers, []  # The history is of what comes after.
        first = learn(before, alone, state, checkpoints, accelerator, saved=saved).model
        accelerator.trackers = trackers
        accelerator.free_memory()
        learned, head, state = first.state_dict(), first.head.state_dict(), None
    trained = learn(fold, config, state, checkpoints, accelerator, learned, {HEAD: head}, saved)
    for model in filter(None, (trained.model, trained.soup)):
        model.head.load_state_dict(head)
    return trained


def learn(
    fold: Fold,
    config: Train,
    start: State | None,
    checkpoints: Checkpoints,
    accelerator: Accelerator,
    learned: Weights | None = None,
    beside: Mapping[str, Any] = MappingProxyType({}),
    saved: Path = Path(),
) -> Trained:
    """One training, phase by phase, from `start` or else from the weights `learned` or else from the first ones.

    `beside`: what each checkpoint holds as well.
    """
    ends = list(accumulate(phase.epochs for phase in config.in_phases))
    done = 0 if start is None else len(start["progress"]["history"])
    first = bisect_left(ends, done)  # A phase that was stopped at its end ends again.
    trained: Trained | None = None
    for number, phase in enumerate(config.in_phases[first:], start=first):
        if trained is not None:
            accelerator.free_memory()
            start, learned = None, trained.model.state_dict()
        told = phase.phases if accelerator.is_main_process else ()
        for one in told:
            tqdm.write(f"{fold.title}: phase {one.name}, epochs {ends[number] - one.epochs + 1} to {ends[number]}")
        earlier = trained.history if trained is not None else []
        trained = learn_phase(
            replace(fold, phase=number), config, start, checkpoints, accelerator, learned, beside, earlier
        )
        for one in told:
            if one.save_model:
                save_model(saved / f"{one.name}.safetensors", trained.model)
    assert trained is not None, "the last phase's end is the history's"
    return replace(trained, phases=[phase.name for phase in config.phases for _ in range(phase.epochs)])


def learn_phase(
    fold: Fold,
    whole: Train,
    start: State | None,
    checkpoints: Checkpoints,
    accelerator: Accelerator,
    learned: Weights | None,
    beside: Mapping[str, Any],
    earlier: Sequence[EpochRow],
) -> Trained:
    """The fold's phase of `whole`. `earlier`: the history before it, which `start` holds, too."""
    config = whole.in_phases[fold.phase]
    if config.epochs == 0:
        return head_alone(fold, config, accelerator, learned)
    batches = training_batches(fold, config, accelerator)
    setup = replace(build_training(fold, config, len(batches), accelerator.device, learned), earlier=earlier)
    before = sum(phase.epochs for phase in whole.in_phases[: fold.phase])
    check = NonFiniteCheck(fold.training.row_ids, len(batches), checkpoints.path, before)
    model = setup.average.model
    assert isinstance(model, Classifier)
    validate = validation(fold.pixels, fold.validation, setup.judged_by, config, accelerator, fold.task)
    if start is None and accelerator.is_main_process:
        checkpoints.keep_model(0, partial(save_model, model=model))
    state, begun = start, time.monotonic()
    done = before if start is None else len(start["progress"]["history"])
    for state in train(setup, batches, validate, check, start, accelerator):
        if accelerator.is_main_process:
            row = state["progress"]["history"][-1]
            checkpoints.keep_model(row["epoch"], partial(save_model, model=model))
            track(row, accelerator)  # Before the checkpoint: told twice, an epoch shows once, and none is left out.
            checkpoints.save({**state, **beside})
            rate = (time.monotonic() - begun) / (row["epoch"] - done)
            seconds_left = rate * (whole.epochs - row["epoch"])
            tqdm.write(describe_epoch(fold.title, whole.epochs, row, seconds_left))
            if state[SKIPPED]:
                why = "their gradients were not finite in float16, and the scale of the loss is lowered"
                tqdm.write(f"{fold.title}: {state[SKIPPED]} of {len(batches)} steps were skipped: {why}")
            losses = [epoch["validation_loss"] for epoch in state["progress"]["history"]]
            report_progress(Done(row["epoch"], whole.epochs, seconds_left, losses))
        accelerator.wait_for_everyone()
    assert state is not None, "there was an epoch"
    history = state["progress"]["history"]
    in_soup = [checkpoints.models[before + epoch] for epoch in config.soup.epochs_in(config.epochs)]
    soup = made_soup(setup, in_soup, batches, accelerator) if in_soup else None
    if config.keep == "last":
        return Trained(model.cpu(), history, history[-1], soup=soup)
    model.load_state_dict(state["progress"]["best_weights"])
    return Trained(model.cpu(), history, min(history[before:], key=lambda row: row["validation_loss"]), soup=soup)


def head_alone(fold: Fold, config: Train, accelerator: Accelerator, learned: Weights | None) -> Trained:
    """No epoch was asked for: the backbone stays as it starts, and its features serve all folds."""
    assert fold.features is not None, "a training of no epochs keeps features"
    objective = fold_objective(fold, config.loss)
    model = first_model(fold, config, objective, learned).to(accelerator.device)
    features = frozen_features(model, fold.pixels, fold.features, [IDENTITY], config.workers, accelerator)
    head, of_features = head_of(model), replace(fold, pixels=features)
    if learned is None:
        start_head(head, of_features, config)
    judged_by = fold_objective(fold, config.loss.measured(fold.activation.learned))
    validate = validation(features, fold.validation, judged_by, config, accelerator)
    row: EpochRow = {**dict.fromkeys(COLUMNS, math.nan), "epoch": 0, "learning_rate": 0.0}
    row["validation_loss"], row["validation_accuracy"] = validate(head)
    if accelerator.is_main_process:
        track(row, accelerator)
        tqdm.write(describe_epoch(fold.title, config.epochs, row, 0.0))
    return Trained(model.cpu(), [row], row)


def made_soup(
    setup: TrainingSetup, models: Sequence[Path], batches: TrainingBatches, accelerator: Accelerator
) -> Classifier:
    """The mean of the models in these files, with statistics of the last epoch's batches, on the CPU."""
    config, soup = setup.config, load_model(models[-1])
    soup.load_state_dict(mean_weights(load_model(path).state_dict() for path in models))
    soup.to(accelerator.device)
    config.freezing.start_epoch(setup.model, config.epochs - 1)  # Says again which layers stand still.
    moving = moving_batchnorms(soup, setup.model)
    if moving:
        passes = Passes(setup.objective.loss, config.micro_batch_size)
        with accelerator.autocast():
            config.soup.renew(soup, moving, batches.of(config.epochs - 1), accelerator, passes)
        sync_buffers(soup, accelerator)
    return soup.eval().cpu()


def begin(checkpoints: Checkpoints, title: str, epochs: int, accelerator: Accelerator) -> State | None:
    """The state to go on from, if any; says so, or says why an earlier run's does not serve."""
    # The first process holds the fold's lock by now: nobody else moves its checkpoints.
    accelerator.wait_for_everyone()
    state = checkpoints.load()
    if accelerator.is_main_process:
        for path in checkpoints.damaged:
            goes_on = "starting anew" if state is None else "the one before it serves"
            tqdm.write(f"{title}: the checkpoint {path} is damaged, its bytes are not those written; {goes_on}")
        if state is not None:
            done = len(state["progress"]["history"])
            tqdm.write(f"{title}: resuming from checkpoint (epoch {done}/{epochs} done)")
        elif differences := checkpoints.differences():
            tqdm.write(f"{title}: starting anew: there is a checkpoint, but of another experiment:")
            tqdm.write("\n".join(f"  {line}" for line in differences))
    return state
