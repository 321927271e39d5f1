"""Saved runs: what is kept of each run that came to its end, so that it needs no commit to be compared with.

A saved run is a folder that looks like a checkout: params.yaml, and hard links to tables, predictions and the csv,
under the paths that they have in one. So it takes no space while DVC's cache has the same files, nothing of DVC's can
delete it, and whatever reads a checkout reads it. Its name is a hash of its parameters, predictions and scores.
"""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foldline.files.dvc_records import md5_of
from foldline.files.places import Places
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import read_json, sha256_of_json, whole_folder, write_json
from foldline.kaggle.ledger import run_id
from foldline.params.differences import comparable, flattened
from foldline.params.section import Section, parse
from foldline.params.yaml_files import read_yaml

RECORD = "run.json"
KNOWN_BY = ("folds.csv", "targets.npy", "clip/out_of_fold.npy", "clip/test.npy", "clip/metrics.json")
"""The files, below work/<slug>, whose MD5 sums tell a run from others."""


class Record(Section):
    """`run.json`"""

    made: float
    """Seconds since 1970."""
    seconds: float | None
    """What the command that finished it took; None where it is not known."""
    csv: str
    """The ledger's id of its submission."""
    files: Mapping[str, str]
    """The MD5 sums of KNOWN_BY."""


def files_of(places: Places) -> dict[str, str]:
    """The MD5 sums of KNOWN_BY, of what lies in `places` now."""
    return {name: md5_of(places.work / name) for name in KNOWN_BY}


def saved_name(params: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """params: flattened. files: the MD5 sums of KNOWN_BY. Equal ones with equal files are one run: of equal predictions
    another metric of the card makes another."""
    return f"run-{sha256_of_json([comparable(params), dict(files)])[:8]}"


def save_run(places: Places, runs: Path, seconds: float | None) -> str:
    """Keep the finished run of `places` in a folder of `runs`; its name. One that is kept already stays as it is,
    unless its csv was another: the card said otherwise how to write it."""
    files = files_of(places)
    name = saved_name(flattened(read_yaml(places.root / "params.yaml")), files)
    csv = run_id(places.slug, places.submission.read_bytes())
    record = runs / name / RECORD
    if not record.is_file() or read_record(record).csv != csv:
        with whole_folder(runs / name) as partial:
            for path in _kept(places):
                _link(path, partial / path.relative_to(places.root))
            shutil.copyfile(places.root / "params.yaml", partial / "params.yaml")
            new = Record(made=time.time(), seconds=seconds, csv=csv, files=files)
            write_json(partial / RECORD, new.model_dump())
    return name


def read_record(path: Path) -> Record:
    with reading_saved(path.parent.name):
        return parse(read_json(path), Record, str(path))


@contextmanager
def reading_saved(name: str) -> Iterator[None]:
    """Around the readers of a saved run's files, whose own cures are for files that a stage writes."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(f"{refusal} But no stage writes a saved run again: `foldline runs --remove {name}`.") from None


def _kept(places: Places) -> list[Path]:
    """What comparing, blending and uploading need, and what the report shows."""
    tables = (places.rows, places.targets, places.classes, places.folds, places.score, places.submission)
    folders = (places.ensemble, places.clipped)
    return [*tables, *(path for folder in folders for path in sorted(folder.iterdir()))]


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path.resolve(), target)
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(path, target)


def remove_run(runs: Path, name: str) -> None:
    """Raises Refusal for a name that no saved run has."""
    names = [path.parent.name for path in sorted(runs.glob(f"*/{RECORD}"))]
    if name not in names:
        raise Refusal(
            f"There is no saved run `{name}`. Saved are {listed(names)}; DVC's experiments go by `dvc exp remove`."
        )
    shutil.rmtree(runs / name)
