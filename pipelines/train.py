"""Train the model of one fold, or go on where an earlier run was stopped.

Reads, of work/<slug>: rows.parquet, images.parquet, classes.json, folds.csv, pixels.json (and the pixel cache, which it
builds again where it is absent), weights.safetensors. Writes train/fold<k>/: model.safetensors, history.csv,
metrics.json. Starts one process per visible GPU ($FOLDLINE_PROCESSES says otherwise). Keeps checkpoints in
work/<slug>/checkpoints ($FOLDLINE_CHECKPOINTS says otherwise) until the fold is done.
Parameters: train. Card: target, symmetries.
"""

import sys

from foldline.cards.target import Target
from foldline.competition.targets import encode
from foldline.config.train import Train
from foldline.config.views import Symmetry
from foldline.images.cache import open_pixels
from foldline.learning.checkpoints import Checkpoints, checkpoints_folder, key_inputs
from foldline.learning.fold import Fold, train_fold, write_trained
from foldline.learning.launching import launch
from foldline.learning.processes import start_accelerator
from foldline.learning.samples import split_samples
from foldline.learning.starting_weights import starting_weights
from foldline.tables.classes import read_classes
from foldline.tables.folds import read_folds
from foldline.tables.images import read_images
from foldline.tables.manifest import read_manifest
from foldline.tables.pixels import read_pixels_key
from foldline.tables.rows import read_rows
from pipelines.running import Settings, parser, read_settings, run


def read_fold(settings: Settings, number: int, model_name: str) -> Fold:
    places = settings.places
    rows, images, classes = read_rows(places.rows), read_images(places.images), read_classes(places.classes)
    files = [file.name for file in read_manifest(places.manifest).files]
    pixels = open_pixels(places.pixel_caches, read_pixels_key(places.pixels), images, places.archives, files)
    targets = encode(rows, classes, settings.fact("target", Target))
    training, validation = split_samples(rows, images, read_folds(places.folds), targets, number)
    weights = starting_weights(places.weights, model_name)
    symmetries = settings.fact("symmetries", tuple[Symmetry, ...])
    return Fold(number, pixels, training, validation, len(classes), symmetries, weights)


def train(number: int) -> None:
    settings = read_settings()
    config, places = settings.section("train", Train), settings.places
    accelerator = start_accelerator(config.precision)
    fold = read_fold(settings, number, config.model.name)
    upstream = [places.rows, places.images, places.classes, places.folds, places.pixels, places.weights]
    checkpoints = Checkpoints(checkpoints_folder(places, number), key_inputs(config, fold.symmetries, upstream))
    with checkpoints.alone(accelerator.is_main_process):
        trained = train_fold(fold, config, checkpoints, accelerator)
        if accelerator.is_main_process:
            write_trained(places.trained(number), trained)
            checkpoints.clear()
    accelerator.end_training()


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--fold", type=int, required=True, help="its number, from 0")
    fold = arguments.parse_args().fold
    launch("pipelines.train", sys.argv[1:], lambda: train(fold))


if __name__ == "__main__":
    run(main)
