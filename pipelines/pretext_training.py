"""The training of a pretext: what the stage `pretext` does once a process is to work, and `pretext_choice` for a
fold with a backbone of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from accelerate import Accelerator

from foldline.card.activations import Softmax
from foldline.card.description import read_description
from foldline.card.views import Symmetry
from foldline.files.places import FoldName
from foldline.files.rows import read_rows, read_targets
from foldline.files.whole_files import whole_folder
from foldline.folds.folds_table import read_folds
from foldline.pixels.cache import read_images
from foldline.training.checkpoints import Checkpoints, checkpoints_folder, key_inputs
from foldline.training.networks import Model, Models
from foldline.training.pretext import Pretexts
from foldline.training.pretext_kind import LearnedPretext
from foldline.training.pretext_samples import Probed, Tables, pretext_samples, probed_images
from foldline.training.pretext_training import learn_pretext, write_trajectory
from foldline.training.processes import start_accelerator
from foldline.training.starting_weights import starting_weights
from foldline.training.training_setup import Fold
from pipelines.pixels import open_cache
from pipelines.running import Settings
from pipelines.training_code import running_code


def learned_section(settings: Settings) -> LearnedPretext:
    pretext = settings.section("pretext", Pretexts).learned
    assert pretext is not None, "the marker is written without torch"
    return pretext


def learn_once(settings: Settings) -> None:
    """Raises Refusal before any work where the probes of a fold could not tell classes apart."""
    pretext, tables = learned_section(settings), read_tables(settings)
    for fold in sorted(set(tables.folds["fold"].tolist())):
        images_to_probe(settings, tables, fold)
    accelerator = start_accelerator(pretext.precision)
    with learning(settings, tables, "all", "pipelines.pretext", accelerator) as write:
        if accelerator.is_main_process:
            with whole_folder(settings.places.pretext) as folder:
                write(folder)


def read_tables(settings: Settings) -> Tables:
    places = settings.places
    return Tables(read_rows(places.rows), read_images(places.images), read_folds(places.folds))


def images_to_probe(settings: Settings, tables: Tables, fold: FoldName) -> tuple[Probed, Probed]:
    places = settings.places
    targets = read_targets(places.targets, tables.rows, read_description(places.classes).names)
    return probed_images(tables, targets, fold, learned_section(settings))


def read_task(settings: Settings, tables: Tables, name: FoldName, pretext: LearnedPretext, model: Model) -> Fold:
    """The facts of the pretext's training, on images outside of the fold `name`."""
    places, allowed = settings.places, settings.fact("symmetries", tuple[Symmetry, ...] | None) or ()
    symmetries = [one for one in allowed if one in pretext.symmetries]
    training, validation = pretext_samples(tables, name, pretext)
    weights, sizes = starting_weights(places.weights, model.name), (pretext.classes,)
    facts = (open_cache(places), training, validation, sizes, symmetries, weights, Softmax)
    return Fold(name, pretext.seed, *facts, task=pretext)


@contextmanager
def learning(
    settings: Settings, tables: Tables, name: FoldName, script: str, accelerator: Accelerator
) -> Iterator[Callable[[Path], None]]:
    """Train, in every process, on images outside of the fold `name`, or go on; what it yields writes the trajectory
    into a folder. Checkpoints go at the end of the block."""
    places, pretext, model = settings.places, learned_section(settings), settings.section("train.model", Models)
    fold = read_task(settings, tables, name, pretext, model)
    upstream = [places.rows, places.images, places.folds, places.pixels, places.weights]
    code = running_code(script, "pretext", "train.model")
    key = key_inputs(pretext.training(model), pretext.seed, fold.symmetries, upstream, code)
    key["pretext"] = pretext.model_dump(mode="json")
    folder = checkpoints_folder(places, name, pretext.seed).with_name(f"pretext-seed{pretext.seed}")
    checkpoints = Checkpoints(folder, key, pretext.probed_epochs)
    with checkpoints.alone(accelerator.is_main_process):
        history = learn_pretext(fold, model, checkpoints, accelerator)
        yield partial(write_trajectory, history=history, checkpoints=checkpoints)
        if accelerator.is_main_process:
            checkpoints.clear()
