"""Probe a pretext's epochs and stages for a fold, on rows outside of it, and choose what its trainings begin with.

Reads, of work/<slug>: rows.parquet, targets.npy, images.parquet, classes.json, folds.csv, pixels.json (and the pixel
cache), weights.safetensors, pretext/trained/. Writes pretext/fold<k>/: choice.json; where something was learned
weights.safetensors, probes.csv (accuracy per epoch and stage), confusions.csv and a picture per epoch. With `images:
fold` it first trains the fold's own backbone, as `pretext` does, and keeps its history and models here.
Parameters: pretext, train.model. Card: symmetries.
"""

from functools import partial

from foldline.files.places import FoldName
from foldline.files.whole_files import read_json
from foldline.training.launching import launch
from foldline.training.pretext import Pretexts
from foldline.training.pretext_marker import CHOICE, write_marker
from pipelines.answers import Answer
from pipelines.running import fold_name, launched_arguments, parser, read_settings, run


def choose(fold: FoldName) -> None:
    from pipelines.pretext_probing import choose_for  # Heavy; neither --help nor the launching process needs it.

    choose_for(read_settings(), fold)


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--fold", type=fold_name, required=True, help="its number, from 0, or `all`, `all_head0`")
    fold: FoldName = arguments.parse_args().fold
    settings = read_settings()
    folder = settings.places.pretext_choice(fold)
    if settings.section("pretext", Pretexts).learned is None:
        write_marker(folder)
    else:
        launch("pipelines.pretext_choice", launched_arguments(), partial(choose, fold))
    return {"fold": fold, "folder": folder, **read_json(folder / CHOICE)}


if __name__ == "__main__":
    run(main)
