"""Train the model of one fold, or go on where an earlier run was stopped.

Reads, of work/<slug>: rows.parquet, images.parquet, classes.json, folds.csv, pixels.json (and the pixel cache, which it
builds again where it is absent), weights.safetensors. Writes train/fold<k>/: model.safetensors, history.csv,
metrics.json. Starts one process per visible GPU ($FOLDLINE_PROCESSES says otherwise). Keeps checkpoints in
work/<slug>/checkpoints ($FOLDLINE_CHECKPOINTS says otherwise) until the fold is done.
Parameters: train. Card: target, symmetries.
"""

import sys
from functools import partial

from foldline.learning.launching import launch
from foldline.places import FoldName
from pipelines.running import fold_name, parser, run


def train(fold: FoldName) -> None:
    from pipelines.fold_training import train_one  # Heavy; neither --help nor the launching process needs it.

    train_one(fold)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--fold", type=fold_name, required=True, help="its number, from 0, or `all`: train on all rows, validate none"
    )
    launch("pipelines.train", sys.argv[1:], partial(train, arguments.parse_args().fold))


if __name__ == "__main__":
    run(main)
