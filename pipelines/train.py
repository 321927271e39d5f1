"""Train one model, of a fold and a seed, or go on where an earlier run was stopped.

Reads, of work/<slug>: rows.parquet, images.parquet, classes.json, folds.csv, pixels.json (and the pixel cache, which it
builds again where it is absent), weights.safetensors. Writes train/fold<k>/seed<s>/: model.safetensors, history.csv,
metrics.json. Starts one process per visible GPU ($FOLDLINE_PROCESSES says otherwise). Keeps checkpoints in
work/<slug>/checkpoints ($FOLDLINE_CHECKPOINTS says otherwise) until the training is done.
Parameters: train. Card: target, symmetries.
"""

from functools import partial

from foldline.files.places import FoldName
from foldline.training.launching import launch
from pipelines.answers import Answer
from pipelines.running import fold_name, launched_arguments, parser, read_settings, run, seed_number


def train(fold: FoldName, seed: int) -> None:
    from pipelines.fold_training import train_one  # Heavy; neither --help nor the launching process needs it.

    train_one(fold, seed)


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--fold",
        type=fold_name,
        required=True,
        help="its number, from 0, or `all` or `all_head0`: all rows, none validates",
    )
    arguments.add_argument("--seed", type=seed_number, required=True, help="of all that is drawn; one of train.seeds")
    wish = arguments.parse_args()
    launch("pipelines.train", launched_arguments(), partial(train, wish.fold, wish.seed))
    return {"fold": wish.fold, "seed": wish.seed, "folder": read_settings().places.trained(wish.fold, wish.seed)}


if __name__ == "__main__":
    run(main)
