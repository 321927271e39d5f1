"""One fold from the tables to a trained model: what `train`, `lr_find` and `plan` do once a process is to work."""

from dataclasses import replace

from foldline.card.description import read_description
from foldline.card.views import Symmetry
from foldline.files.places import FoldName
from foldline.files.rows import read_rows, read_targets
from foldline.folds.folds_table import read_folds
from foldline.folds.training_table import read_training_table, soft_targets
from foldline.params.yaml_files import read_yaml
from foldline.pixels.cache import read_images
from foldline.training.checkpoints import Checkpoints, checkpoints_folder, key_inputs
from foldline.training.fold_samples import fit_tabular_features, split_samples, with_tabular_features
from foldline.training.fold_training import train_fold, write_trained
from foldline.training.pretext_marker import CHOICE, chosen_weights
from foldline.training.processes import start_accelerator
from foldline.training.starting_weights import starting_weights
from foldline.training.trackers import Trackers, refuse_absent
from foldline.training.tracking import Run, start_trackers
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold, with_labels
from pipelines.frozen_features import frozen_folder
from pipelines.pixels import open_cache
from pipelines.running import Settings, read_settings, tracked
from pipelines.training_code import running_code


def read_fold(settings: Settings, name: FoldName, seed: int, train: Train, with_choice: bool = True) -> Fold:
    """The facts of one training; without the pretext's choice, it begins as `weights` says. Raises Refusal when its
    files are of different runs."""
    places = settings.places
    rows, images, classes = read_rows(places.rows), read_images(places.images), read_description(places.classes)
    pixels = open_cache(places)
    graded = soft_targets(read_targets(places.targets, rows, classes.names), len(classes.names))
    table = read_training_table(places.training, len(rows), len(classes.names))
    weights = starting_weights(places.weights, train.model.name)
    chosen = chosen_weights(places.pretext_choice(name)) if with_choice else None
    activation = train.loss.fitting_activation(classes.activations, "the card's target")
    symmetries = settings.fact("symmetries", tuple[Symmetry, ...] | None) or ()
    features = frozen_folder(places) if train.epochs == 0 else None
    folds, joins = read_folds(places.folds), train.model.concatenates_tabular_features
    fraction = train.label_fraction

    def fold(one: FoldName, before: Fold | None = None) -> Fold:
        parts = split_samples(rows, images, folds, graded, table, one)
        facts = (*parts, classes.sizes, symmetries, weights, activation)
        known = with_labels(Fold(one, seed, pixels, *facts, before, chosen=chosen, features=features), fraction)
        # A head knows the features as they were when it learned.
        tabular = before.tabular if before else fit_tabular_features(rows, known.training) if joins else None
        training, validation = (with_tabular_features(rows, part, tabular) for part in (known.training, parts[1]))
        return replace(known, training=training, validation=validation, tabular=tabular)

    return fold(name, before=fold(0) if name == "all_head0" else None)


def train_one(name: FoldName, seed: int) -> None:
    """What every process of the stage `train` does: train the fold; the first process writes its files."""
    settings = read_settings()
    config, places, trackers = settings.section("train", Train), settings.places, settings.aside("trackers", Trackers)
    refuse_absent(trackers)
    accelerator = start_accelerator(config.precision)
    fold = read_fold(settings, name, seed, config)
    tables = [places.rows, places.targets, places.images, places.classes, places.folds, places.training]
    upstream = [*tables, places.pixels, places.weights, places.pretext_choice(name) / CHOICE]
    key = key_inputs(config, seed, fold.symmetries, upstream, running_code("pipelines.train", "train"))
    in_soup = config.soup.epochs_in(config.epochs)
    checkpoints = Checkpoints(checkpoints_folder(places, name, seed), key, in_soup)
    run_name = f"fold{name}-seed{seed}-{checkpoints.key[:8]}"
    run = Run(settings.slug, run_name, places.trackers, read_yaml(settings.params))
    with checkpoints.alone(accelerator.is_main_process):
        start_trackers(trackers, run, accelerator)
        trained = train_fold(fold, config, checkpoints, accelerator, places.phases(name, seed))
        accelerator.end_training()
        if accelerator.is_main_process:
            write_trained(places.trained(name, seed), trained)
            tracked().refuse_changes()  # Whoever puts them back goes on from the last checkpoint.
            checkpoints.clear()
