"""Write a Kaggle notebook that trains folds, with its dataset, into one flat folder: work/<slug>/notebook/.

It brings the project's tables up to date first. The dataset has this project (params.yaml, card, code of your own,
tables, starting weights) and foldline's wheel; the notebook installs that, trains on the session's GPUs, a fold on
each, and stops in time. What it saves, `foldline collect` takes home; pushed again, it goes on from its last version.
docs/notebooks.md says more. Uploads nothing.

foldline notebook --folds 0,1 --hours 8.5
"""

import os

from foldline.bundle.training_notebook import SAVING_HOURS, write_training_notebook
from foldline.card.host import Host, LocalHost
from foldline.files.places import FoldName
from foldline.files.refusal import Refusal, listed
from foldline.kaggle.connection import LOCAL_USER
from foldline.kaggle.credentials import find_credentials
from pipelines.answers import Answer
from pipelines.running import Settings, parser, read_settings, run
from pipelines.train_folds import bring_up_to_date, folds


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--folds", metavar="0,1", help="which of those of params.yaml (all)")
    arguments.add_argument("--hours", type=float, required=True, help="of training; a session with a GPU has 9 at most")
    arguments.add_argument("--user", metavar="NAME", help="yours at Kaggle; default: that of your kaggle.json")
    wish = arguments.parse_args()
    settings = read_settings()
    names: dict[str, FoldName] = {str(fold): fold for fold in folds(settings)}
    chosen = list(names) if wish.folds is None else wish.folds.split(",")
    if not {*chosen} <= {*names}:
        raise Refusal(f"--folds {wish.folds}: the folds of params.yaml are {listed(names)}.")
    seeds = settings.section("train.seeds", list[int])
    places, user = settings.places, wish.user or _user(settings)
    bring_up_to_date()
    trainings: list[tuple[FoldName, int]] = [(names[name], seed) for name in chosen for seed in seeds]
    dataset, notebook = write_training_notebook(places, user, trainings, wish.hours)
    seconds = round((wish.hours + SAVING_HOURS) * 3600)
    folder = places.notebook
    following = f"kaggle datasets create -p {folder}; kaggle datasets status {dataset}; "
    following += f"kaggle kernels push -p {folder} -t {seconds}"
    print(f"{folder}: trains {listed(chosen)}\nnext: {following}\nonce it has ended: foldline collect")
    return {"folder": folder, "dataset": dataset, "notebook": notebook, "next": following}


def _user(settings: Settings) -> str:
    if isinstance(settings.fact("host", Host), LocalHost):
        return LOCAL_USER
    found = find_credentials(os.environ).variables.get("KAGGLE_USERNAME")
    if found is None:
        raise Refusal("whose notebook it will be is not known: no kaggle.json names you. Say --user NAME.")
    return found


if __name__ == "__main__":
    run(main)
