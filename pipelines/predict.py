"""Predict a fold's validation rows and the test rows with its model of one seed, under every test-time view.

Reads rows.parquet, images.parquet, classes.json, pixels.json and its cache, folds.csv, and
train/fold<k>/seed<s>/model.safetensors; writes predict/fold<k>/seed<s>/: validation.npy, test.npy (rows x views x
classes), ids.parquet, classes.json.
Parameters: `predict`; card: `layout.aggregate`. Processes: one per visible GPU, or $FOLDLINE_PROCESSES.
"""

from functools import partial

from foldline.files.places import FoldName
from foldline.training.launching import launch
from pipelines.answers import Answer
from pipelines.running import fold_name, launched_arguments, parser, read_settings, run, seed_number


def predict(fold: FoldName, seed: int) -> None:
    from pipelines.fold_prediction import predict_one  # Heavy; neither --help nor the launching process needs it.

    predict_one(fold, seed)


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--fold", type=fold_name, required=True, help="whose model predicts: a number, `all` or `all_head0`"
    )
    arguments.add_argument("--seed", type=seed_number, required=True, help="of that model; one of train.seeds")
    wish = arguments.parse_args()
    launch("pipelines.predict", launched_arguments(), partial(predict, wish.fold, wish.seed))
    return {"fold": wish.fold, "seed": wish.seed, "folder": read_settings().places.predicted(wish.fold, wish.seed)}


if __name__ == "__main__":
    run(main)
