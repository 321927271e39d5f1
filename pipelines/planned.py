"""What `plan` times: the experiment of params.yaml on the tables of its stages."""

import os
from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from foldline.experiment.params import Params, read_params
from foldline.experiment.plan import Change, Planned, Times, changes
from foldline.fan_out.slots import gpus_of, slots_of
from foldline.files.rows import read_rows
from foldline.folds.folds_table import read_folds
from foldline.params.section import Precision
from foldline.pixels.cache import read_images, read_pixels_of
from foldline.predicting.predicted_rows import Aggregate, expected_rows, row_images
from foldline.training.fold_samples import tabular_of
from foldline.training.launching import process_count
from foldline.training.speed import has_gpu, precisions
from foldline.training.timing import apart
from pipelines.fold_training import read_fold
from pipelines.pretext_training import read_tables, read_task
from pipelines.running import Settings


def read_planned(settings: Settings) -> Planned:
    """Its first fold that validates, as `foldline train` trains it by default. Raises Refusal where params.yaml is
    wrong, or `prepare` is to run again."""
    places, params = settings.places, read_params(settings.params)
    read_pixels_of(places.pixels, params.prepare.height_pixels, params.prepare.width_pixels)
    fold = read_fold(settings, folds_alone(params)[0], params.train.seeds[0], params.train, with_choice=False)
    rows, images = read_rows(places.rows), read_images(places.images)
    tests = expected_rows(rows, read_folds(places.folds), []).test_ids
    slots, aggregate = slots_of(None, None, None), settings.fact("layout.aggregate", Aggregate)
    given = row_images(rows, images, tests, "test", tabular_of(rows, "test", tests, fold.tabular))
    processes = gpus_of(slots[0]) or process_count()
    return Planned(fold, params.train, params.predict, given, aggregate, processes, len(slots))


def folds_alone(params: Params) -> list[int]:
    """Without those of all rows."""
    return [one for one in params.folds if isinstance(one, int)]


def changes_here(planned: Planned) -> list[Change]:
    cores = len(os.sched_getaffinity(0)) // (planned.processes * planned.slots)
    return changes(planned.train, apart(all_precisions), cores, len(planned.fold.training))


def all_precisions() -> Sequence[Precision]:
    return list(dict.fromkeys([*precisions(), *(["float16"] if has_gpu() else [])]))


def seconds_of_run(settings: Settings, planned: Planned, times: Times, pretext: float) -> dict[str, float]:
    """Of an epoch (the last of the longest phase), a fold, the pretext where there is one, and all of the run."""
    params = read_params(settings.params)
    config, _ = times.phases[planned.longest]
    epoch = times.epoch(planned.longest, max(config.epochs, 1) - 1, times.training, times.validation)
    one, run = times.fold(planned.fold.name), times.run(params.folds, len(params.train.seeds), planned.slots)
    return {"epoch": epoch, "fold": one} | ({"pretext": pretext} if pretext else {}) | {"run": run + pretext}


def pretext_seconds(settings: Settings, planned: Planned) -> float:
    """Of all its trainings, those of folds in the slots; its probes are left out. 0 where nothing is learned."""
    params = read_params(settings.params)
    pretext = params.pretext.learned
    if pretext is None:
        return 0.0
    name = planned.fold.name if pretext.is_per_fold else "all"
    task = read_task(settings, read_tables(settings), name, pretext, params.train.model)
    processes = planned.processes if pretext.is_per_fold else process_count()
    learning = replace(planned, fold=task, train=pretext.training(params.train.model), processes=processes)
    phases = [(learning.train, learning.time(0, whole=True))]
    times = Times(phases, 0.0, processes, len(task.training), len(task.validation), 0)
    rounds = ceil(len(folds_alone(params)) / planned.slots) if pretext.is_per_fold else 1
    return rounds * times.learning(times.training, times.validation)
