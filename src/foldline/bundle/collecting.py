"""What a notebook has trained, put in the project's places, where it is what the project would train itself."""

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from foldline.bundle.training_inputs import differences, inputs_of
from foldline.bundle.training_notebook import INPUTS_FILE
from foldline.bundle.training_session import RESULTS, done_in, folders_of, refuse_damaged, trainings_of
from foldline.files.places import Places
from foldline.files.refusal import Refusal, listed
from foldline.files.sums import SUMS
from foldline.files.whole_files import read_json, whole_folder


def agreeing(places: Places, output: Path, asked: Collection[str]) -> tuple[list[str], list[str], list[str]]:
    """Of the trainings that are asked for those that are done, and those that are not; and all others. Raises Refusal
    where one depends on something else."""
    results = output / RESULTS
    if not (results / SUMS).is_file() or not (results / INPUTS_FILE).is_file():
        raise Refusal(
            f"{output} has no {RESULTS}/{SUMS}: it is not the output of a notebook of `foldline notebook`, or its "
            "session has not ended well."
        )
    written = read_json(results / INPUTS_FILE)
    then = {name: written[name] for name in written if name in asked}
    refuse_damaged(results)
    now, done = inputs_of(places, trainings_of(then)), done_in(places, results, then)
    differing = {name: differences(then[name], now[name]) for name in done}
    if any(differing.values()):
        said = "; ".join(f"fold {name} differs in {listed(keys, 8)}" for name, keys in differing.items() if keys)
        raise Refusal(
            f"{output} was trained with something else than this project has now: {said}. Nothing was written. Go back "
            "to what it was trained with (git), or make the notebook anew."
        )
    return done, [name for name in then if name not in done], [name for name in written if name not in asked]


def put(places: Places, output: Path, done: Sequence[str]) -> None:
    for name in done:
        for made, kept in folders_of(places, output / RESULTS, name):
            with whole_folder(made) as partial:
                shutil.copytree(kept, partial, dirs_exist_ok=True)
