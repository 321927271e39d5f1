"""One fold from the tables to a trained model: what `train` and `lr_find` do once a process is to work."""

from foldline.cards.target import Target
from foldline.competition.output_names import sizes_of
from foldline.competition.targets import encode
from foldline.config.model import Model
from foldline.config.train import Train
from foldline.config.views import Symmetry
from foldline.images.cache import open_pixels
from foldline.learning.checkpoints import Checkpoints, checkpoints_folder, key_inputs
from foldline.learning.fold import Fold
from foldline.learning.fold_training import train_fold
from foldline.learning.processes import start_accelerator
from foldline.learning.samples import fit_side_features, split_samples, with_side_features
from foldline.learning.starting_weights import starting_weights
from foldline.learning.trained import write_trained
from foldline.places import FoldName
from foldline.tables.classes import read_classes
from foldline.tables.folds import read_folds
from foldline.tables.images import read_images
from foldline.tables.manifest import read_manifest
from foldline.tables.pixels import read_pixels_key
from foldline.tables.rows import read_rows
from pipelines.running import Settings, read_settings


def read_fold(settings: Settings, name: FoldName, seed: int, model: Model) -> Fold:
    """The facts of one training. Raises Refusal when its files are of different runs."""
    places = settings.places
    rows, images, classes = read_rows(places.rows), read_images(places.images), read_classes(places.classes)
    files = [file.name for file in read_manifest(places.manifest).files]
    pixels = open_pixels(places.pixel_caches, read_pixels_key(places.pixels), images, places.archives, files)
    target = settings.fact("target", Target)
    targets = encode(rows, classes, target)
    weights = starting_weights(places.weights, model.name)
    symmetries = settings.fact("symmetries", tuple[Symmetry, ...] | None) or ()
    folds, joins = read_folds(places.folds), model.side_features == "joined"

    def fold(one: FoldName, before: Fold | None = None) -> Fold:
        parts = split_samples(rows, images, folds, targets, one)
        # A head knows the features as they were when it learned.
        side = before.side if before else fit_side_features(rows, parts[0]) if joins else None
        training, validation = (with_side_features(rows, part, side) for part in parts)
        facts = (pixels, training, validation, sizes_of(classes, target), symmetries, weights, target.kind)
        return Fold(one, seed, *facts, before, side)

    return fold(name, before=fold(0) if name == "all_head0" else None)


def train_one(name: FoldName, seed: int) -> None:
    """What every process of the stage `train` does: train the fold; the first process writes its files."""
    settings = read_settings()
    config, places = settings.section("train", Train), settings.places
    accelerator = start_accelerator(config.precision)
    fold = read_fold(settings, name, seed, config.model)
    upstream = [places.rows, places.images, places.classes, places.folds, places.pixels, places.weights]
    key = key_inputs(config, seed, fold.symmetries, upstream)
    checkpoints = Checkpoints(checkpoints_folder(places, name, seed), key)
    with checkpoints.alone(accelerator.is_main_process):
        trained = train_fold(fold, config, checkpoints, accelerator)
        if accelerator.is_main_process:
            write_trained(places.trained(name, seed), trained)
            checkpoints.clear()
