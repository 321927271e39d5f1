"""Rehearse training and prediction on two images of noise, before there are folds: the very model, its very weights.

A step at every image size of the schedule in the smallest micro-batches that may occur, a prediction under every view;
and whether what params.yaml says of the model is in force as it is built. On the CPU, in one process. Reads, of
work/<slug>: weights.safetensors, classes.json, pixels.json. Writes dry_run.json, always the same bytes: every training
comes after this stage, and none becomes stale by it.
Parameters: pretext, train, predict, weights, prepare. Card: symmetries, features.
"""

from dataclasses import replace

import numpy as np

from foldline.card.activations import Softmax
from foldline.card.description import read_description
from foldline.card.features import Features
from foldline.card.views import Symmetry
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_json
from foldline.pixels.cache import read_pixels_of
from foldline.pixels.resizing import Prepare
from foldline.predicting.predicted_rows import Predict
from foldline.training.launching import process_count
from foldline.training.pretext import Pretexts
from foldline.training.train_section import Train
from foldline.training.weights import Weights
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    parser(__doc__).parse_args()
    # Heavy, and --help needs none of it.
    from foldline.training.dry_run import dry_run, dry_run_pretext, on_cpu, stand_in
    from foldline.training.processes import start_accelerator
    from foldline.training.starting_weights import starting_weights

    settings = read_settings()
    places, train = settings.places, settings.section("train", Train)
    predict, weights = settings.section("predict", Predict), settings.section("weights", Weights)
    prepare, features = settings.section("prepare", Prepare), settings.fact("features", Features | None)
    symmetries = settings.fact("symmetries", tuple[Symmetry, ...] | None) or ()
    key = read_pixels_of(places.pixels, prepare.height_pixels, prepare.width_pixels)
    classes = read_description(places.classes)
    start = starting_weights(places.weights, train.model.name)
    if (start is None) != (weights.kind == "none"):
        raise Refusal(f"{places.weights} is not what weights.kind {weights.kind} makes. Run `dvc repro weights`.")
    joined = (
        len((*features.numbers, *features.categories)) if features and train.model.concatenates_tabular_features else 0
    )
    activation = train.loss.fitting_activation(classes.activations, "the card's target")
    shape = (key.height, key.width, key.channels, np.dtype(key.dtype))
    fold = stand_in(shape, classes.sizes, joined, symmetries, start, activation, train.seeds[0])
    accelerator = start_accelerator(on_cpu(train.precision), cpu=True)
    dry_run(fold, train, predict.views, predict.precision, process_count(), accelerator)
    pretext = settings.section("pretext", Pretexts).learned
    if pretext is not None:
        kept = [one for one in symmetries if one in pretext.symmetries]
        task = stand_in(shape, (pretext.classes,), 0, kept, start, Softmax, pretext.seed)
        dry_run_pretext(replace(task, task=pretext), train.model, process_count(), accelerator)
    write_json(places.dry_run, {"rehearsed": True}, hashed=False)
    print(f"{train.model.name}: what params.yaml asks for can be had")
    return {"model": train.model.name, "rehearsed": True}


if __name__ == "__main__":
    run(main)
