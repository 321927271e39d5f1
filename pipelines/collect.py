"""Take home what a notebook of `foldline notebook` has trained, so that it counts as done.

Reads the output of the notebook's latest version: from Kaggle, of the notebook in work/<slug>/notebook/ or of
OWNER/NAME; or from a folder that holds it. Brings the project's tables up to date. Writes the models and predictions
that are done, of the folds and seeds of params.yaml, and commits them to DVC; `dvc repro` then trains none of them.
Refuses, and writes nothing, where code, parameters or data are not those that they were trained with.

foldline collect
"""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foldline.bundle.collecting import agreeing, put
from foldline.bundle.training_inputs import STAGES
from foldline.card.host import Host
from foldline.files.refusal import Refusal, counted
from foldline.kaggle.connection import connect
from foldline.kaggle.parcels import NOTEBOOK
from foldline.kaggle.sessions import fetch
from pipelines.answers import Answer
from pipelines.running import Settings, parser, read_settings, run
from pipelines.train_folds import bring_up_to_date, folds, run_dvc


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("source", metavar="FOLDER or OWNER/NAME", nargs="?", help="default: this project's notebook")
    given = arguments.parse_args()
    settings = read_settings()
    with _output(settings, given.source) as output:
        bring_up_to_date()
        seeds = settings.section("train.seeds", list[int])
        asked = [f"{fold}-{seed}" for fold in folds(settings) for seed in seeds]
        done, unfinished, others = agreeing(settings.places, output, asked)
        put(settings.places, output, done)
    stages = [f"{stage}@{name}" for name in done for stage in STAGES]
    if done and run_dvc("commit", "--force", *stages).returncode:
        raise Refusal("`dvc commit` failed, for the reason above. The files are in place: run the same command again.")
    print(f"{counted(len(done), 'training', 'trainings')} taken home: {', '.join(done) or 'none'}")
    if unfinished:
        print(f"not done yet: {', '.join(unfinished)}; push the notebook again, it goes on")
    if others:
        print(f"left there, since params.yaml does not list these folds and seeds: {', '.join(others)}")
    return {"done": done, "unfinished": unfinished, "not_listed": others}


@contextmanager
def _output(settings: Settings, source: str | None) -> Iterator[Path]:
    """The folder of a version's output."""
    if source is not None and Path(source).is_dir():
        yield Path(source)
        return
    places = settings.places
    if source is None and not (places.notebook / NOTEBOOK).is_file():
        raise Refusal(f"{places.notebook} has no notebook. Name a folder, or OWNER/NAME of the notebook.")
    ref = source or str(json.loads((places.notebook / NOTEBOOK).read_text(encoding="utf-8"))["id"])
    if not re.fullmatch("[^/]+/[^/]+", ref):
        raise Refusal(f"{ref} is no folder, and no notebook either, which is named OWNER/NAME.")
    with tempfile.TemporaryDirectory(prefix="foldline-") as folder:
        with connect(settings.fact("host", Host), places) as kaggle:
            fetch(kaggle, ref, Path(folder))
        yield Path(folder)


if __name__ == "__main__":
    run(main)
