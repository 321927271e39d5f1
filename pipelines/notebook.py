"""Write a Kaggle notebook that trains folds, with its dataset, into one flat folder: work/<slug>/notebook/.

It brings the project's tables up to date first. The dataset has this project (params.yaml, card, code of your own,
tables, starting weights) and foldline's wheel; the notebook installs that, trains on the session's GPUs, a fold on
each, and stops in time. What it saves, `foldline collect` takes home; pushed again, it goes on from its last version.
docs/notebooks.md says more. Uploads nothing.

foldline notebook --folds 0,1 --hours 8.5
"""

import argparse
from math import inf, nan

from foldline.bundle.training_notebook import SAVING_HOURS, write_training_notebook
from foldline.card.host import Host
from foldline.files.places import FoldName
from foldline.files.refusal import Refusal, listed
from foldline.kaggle.connection import user_of
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run
from pipelines.train_folds import bring_up_to_date, folds


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--folds", metavar="0,1", help="which of those of params.yaml (all)")
    arguments.add_argument("--hours", type=hours, required=True, help="of training, less than the session's limit")
    arguments.add_argument("--user", metavar="NAME", help="yours at Kaggle; default: that of your kaggle.json")
    wish = arguments.parse_args()
    settings = read_settings()
    names: dict[str, FoldName] = {str(fold): fold for fold in folds(settings)}
    chosen = list(names) if wish.folds is None else wish.folds.split(",")
    if not {*chosen} <= {*names}:
        raise Refusal(f"--folds {wish.folds}: the folds of params.yaml are {listed(names)}.")
    seeds = settings.section("train.seeds", list[int])
    places, user = settings.places, wish.user or user_of(settings.fact("host", Host))
    bring_up_to_date()
    trainings: list[tuple[FoldName, int]] = [(names[name], seed) for name in chosen for seed in seeds]
    dataset, notebook = write_training_notebook(places, user, trainings, wish.hours)
    seconds = round((wish.hours + SAVING_HOURS) * 3600)
    folder = places.notebook
    following = f"kaggle datasets create -p {folder}; kaggle datasets status {dataset}; "
    following += f"kaggle kernels push -p {folder} -t {seconds}"
    print(f"{folder}: trains {listed(chosen)}\nnext: {following}\nonce it has ended: foldline collect")
    return {"folder": folder, "dataset": dataset, "notebook": notebook, "next": following}


def hours(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = nan
    if not 0 < found < inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours above 0")
    return found


if __name__ == "__main__":
    run(main)
