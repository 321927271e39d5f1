"""A session of the notebook that trains: a project out of its dataset, what the version before left, and its output."""

import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from foldline.archive.archives import ArchiveFile, Manifest, write_manifest
from foldline.archive.folders import files_below
from foldline.bundle.new_rows import competition_folder, link_competition
from foldline.bundle.training_inputs import differences, inputs_of
from foldline.bundle.training_notebook import INPUTS_FILE, PROJECT
from foldline.files.places import FoldName, Places
from foldline.files.refusal import Refusal, listed
from foldline.files.sums import changed, read_sums, write_sums
from foldline.files.whole_files import read_json, write_json
from foldline.params.yaml_files import read_yaml

RESULTS, CHECKPOINTS, LOGS = "results", "checkpoints", "logs"
"""Folders of the output."""
Inputs = Mapping[str, Mapping[str, Any]]
"""By `FOLD-SEED`, as training_inputs.py has it."""


def set_up(project: Path, bundle: Path, inputs: Path) -> str:
    """The project in an empty folder, with the competition's files as Kaggle lays them out; its competition."""
    with zipfile.ZipFile(bundle / PROJECT) as archive:
        archive.extractall(project)
    slug: str = read_yaml(project / "params.yaml")["competition"]
    places = Places(slug, project)
    link_competition(competition_folder(inputs, slug), places.archives)
    sizes = {name: (places.archives / name).stat().st_size for name in files_below(places.archives)}
    listing = tuple(ArchiveFile(name=name, bytes=size, sha256="") for name, size in sizes.items())
    write_manifest(places.manifest, Manifest(competition=slug, files=listing))
    return slug


def trainings_of(inputs: Inputs) -> list[tuple[FoldName, int]]:
    named = [name.rpartition("-") for name in inputs]
    return [(int(fold) if fold.isdecimal() else cast(FoldName, fold), int(seed)) for fold, _, seed in named]


def refuse_others(places: Places, written: Inputs) -> None:
    """Raises Refusal where the code or the files of this session are not those that the notebook was made with."""
    here = inputs_of(places, trainings_of(written))
    differing = sorted({key for name in written for key in differences(written[name], here[name])})
    if differing:
        raise Refusal(f"this session does not have what the notebook was made with: {listed(differing)}.")


def take_over(places: Places, now: Inputs, inputs: Path, working: Path) -> None:
    """What another version left below the inputs: checkpoints, and results that depend on the same."""
    for left in sorted(inputs.glob(f"**/{RESULTS}/{INPUTS_FILE}")):
        results, then = left.parent, read_json(left)
        if results.with_name(CHECKPOINTS).is_dir():
            shutil.copytree(results.with_name(CHECKPOINTS), working / CHECKPOINTS, dirs_exist_ok=True)
        refuse_damaged(results)
        for name in [name for name in now if name in then and not differences(then[name], now[name])]:
            _copy_whole((kept, made) for made, kept in folders_of(places, results, name))


def _copy_whole(folders: Iterable[tuple[Path, Path]]) -> None:
    for source, target in folders:
        if is_whole(source):
            shutil.copytree(source, target, dirs_exist_ok=True)


def is_whole(folder: Path) -> bool:
    """Whether a model, or predictions, are there to their last file."""
    return any((folder / name).is_file() for name in ("metrics.json", "classes.json"))


def folders_of(places: Places, results: Path, name: str) -> list[tuple[Path, Path]]:
    """Where a training's model and predictions lie in a project, and in a version's results."""
    ((fold, seed),) = trainings_of({name: {}})
    made = [places.trained(fold, seed), places.predicted(fold, seed)]
    return [(folder, results / folder.relative_to(places.work)) for folder in made]


def refuse_damaged(results: Path) -> None:
    """Raises Refusal where a file is not as it was written."""
    wrong = changed(results, read_sums(results))
    if wrong:
        raise Refusal(f"{results}: missing or damaged: {listed(wrong)}. Fetch the output again.")


def done_in(places: Places, results: Path, names: Iterable[str]) -> list[str]:
    """The trainings that are there with their predictions."""
    return [name for name in names if all(is_whole(kept) for _, kept in folders_of(places, results, name))]


def write_results(places: Places, now: Inputs, working: Path) -> list[str]:
    """All models and predictions that are there; the names of the trainings that have both."""
    results = working / RESULTS
    results.mkdir(exist_ok=True)
    for name in now:
        _copy_whole(folders_of(places, results, name))
    if places.logs.is_dir():
        shutil.copytree(places.logs, working / LOGS, dirs_exist_ok=True)
    write_json(results / INPUTS_FILE, dict(now), hashed=False)
    write_sums(results)
    return done_in(places, results, now)
