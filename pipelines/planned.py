"""What `plan` times: the experiment of params.yaml on the tables of its stages."""

import os
from collections.abc import Sequence
from dataclasses import replace

from foldline.experiment.plan import Change, Planned, Times, changes
from foldline.files.places import FoldName
from foldline.files.rows import read_rows
from foldline.folds.folds_table import read_folds
from foldline.pixels.cache import read_images, read_pixels_of
from foldline.pixels.resizing import Prepare
from foldline.predicting.predicted_rows import Aggregate, Predict, expected_rows, row_images
from foldline.training.fold_samples import tabular_of
from foldline.training.launching import process_count
from foldline.training.pretext import Pretexts
from foldline.training.speed import precisions
from foldline.training.timing import apart
from foldline.training.train_section import Train
from pipelines.fold_training import read_fold
from pipelines.pretext_training import read_tables, read_task
from pipelines.running import Settings


def read_planned(settings: Settings) -> Planned:
    """Its first fold that validates. Raises Refusal where `prepare` is to run again."""
    places, train = settings.places, settings.section("train", Train)
    prepare = settings.section("prepare", Prepare)
    read_pixels_of(places.pixels, prepare.height_pixels, prepare.width_pixels)
    name = next(one for one in run_folds(settings) if isinstance(one, int))
    fold = read_fold(settings, name, train.seeds[0], train, with_choice=False)
    rows, images, ids = read_rows(places.rows), read_images(places.images), read_folds(places.folds)
    tests = expected_rows(rows, ids, []).test_ids
    given = row_images(rows, images, tests, "test", tabular_of(rows, "test", tests, fold.tabular))
    aggregate = settings.fact("layout.aggregate", Aggregate)
    return Planned(fold, train, settings.section("predict", Predict), given, aggregate, process_count())


def run_folds(settings: Settings) -> Sequence[FoldName]:
    return settings.section("folds", tuple[FoldName, ...])


def changes_here(planned: Planned) -> list[Change]:
    cores = len(os.sched_getaffinity(0)) // planned.processes
    return changes(planned.train, planned.predict, apart(precisions), cores, len(planned.fold.training))


def seconds_of_run(settings: Settings, planned: Planned, times: Times) -> dict[str, float]:
    """Of an epoch (the last of the longest phase), a fold, the pretext where there is one, and all of the run."""
    folds, pretext = run_folds(settings), pretext_seconds(settings, planned)
    config, _ = times.phases[planned.longest]
    epoch = times.epoch(planned.longest, max(config.epochs, 1) - 1, times.training, times.validation)
    one, run = times.fold(planned.fold.name), times.run(folds, len(planned.train.seeds))
    return {"epoch": epoch, "fold": one} | ({"pretext": pretext} if pretext else {}) | {"run": run + pretext}


def pretext_seconds(settings: Settings, planned: Planned) -> float:
    """Of all its trainings; its probes are left out."""
    pretext = settings.section("pretext", Pretexts).learned
    if pretext is None:
        return 0.0
    name = planned.fold.name if pretext.is_per_fold else "all"
    task = read_task(settings, read_tables(settings), name, pretext, planned.train.model)
    learning = replace(planned, fold=task, train=pretext.training(planned.train.model))
    phases = [(learning.train, learning.time(0, whole=True))]
    times = Times(phases, 0.0, planned.processes, len(task.training), len(task.validation), 0)
    count = len([one for one in run_folds(settings) if isinstance(one, int)]) if pretext.is_per_fold else 1
    return count * times.learning(times.training, times.validation)
