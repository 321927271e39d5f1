"""A flat folder as `foldline bundle` writes it: a dataset, the notebook that reads it, and SHA256SUMS of the files."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldline.files.refusal import Refusal, listed
from foldline.files.sums import SUMS, changed, read_sums
from foldline.files.whole_files import sha256
from foldline.kaggle.notebook_calls import FLAGS, SOURCES

DATASET, NOTEBOOK = "dataset-metadata.json", "kernel-metadata.json"
AGAIN = "Make the folder again: `foldline bundle`."


@dataclass(frozen=True)
class Parcel:
    folder: Path
    dataset: Mapping[str, Any]
    notebook: Mapping[str, Any]
    """What dataset-metadata.json and kernel-metadata.json say."""
    files: Mapping[str, int]
    """Sizes in bytes by name, of what the dataset is to hold."""
    run_id: str
    """Twelve hex digits, of the competition and of all contents."""

    @property
    def code(self) -> Path:
        return self.folder / self.notebook["code_file"]

    @property
    def sums(self) -> str:
        return (self.folder / SUMS).read_text(encoding="utf-8")

    @property
    def wanted(self) -> dict[str, list[str] | bool]:
        """What Kaggle is to make of kernel-metadata.json, which has truths as texts, too."""
        flags = {key: str(self.notebook[key]).lower() == "true" for key in FLAGS}
        return {key: sorted(self.notebook[key]) for key in SOURCES} | flags


def read_parcel(folder: Path, competition: str, user: str) -> Parcel:
    """Raises Refusal for what is missing, has changed, or is not `user`'s."""
    dataset, notebook = (_described(folder / name) for name in (DATASET, NOTEBOOK))
    lacking = {"id", "title", "code_file", *SOURCES, *FLAGS} - notebook.keys()
    if lacking:
        raise Refusal(
            f"{folder / NOTEBOOK} does not say {listed(sorted(lacking))}. Write every key: what is left out becomes "
            "what the client assumes, which is `enable_internet: true`."
        )
    for name, described in ((DATASET, dataset), (NOTEBOOK, notebook)):
        owner, _, slug = str(described.get("id")).partition("/")
        if owner != user or not slug:
            raise Refusal(
                f"{folder / name} is of `{described.get('id')}`, and you are `{user}` on Kaggle. Make the folder again "
                f"with `--user {user}`, or sign in as its owner."
            )
    if dataset["id"] not in notebook["dataset_sources"] or competition not in notebook["competition_sources"]:
        sources = [*notebook["dataset_sources"], *notebook["competition_sources"]]
        raise Refusal(
            f"{folder / NOTEBOOK} has the sources {listed(sources)}; the dataset {dataset['id']} and the competition "
            f"{competition} must be among them. {AGAIN}"
        )
    files = _intact(folder, notebook["code_file"])
    digest = hashlib.sha256(competition.encode())
    for name in (SUMS, notebook["code_file"]):
        digest.update(b"\n" + sha256(folder / name).encode())
    return Parcel(folder, dataset, notebook, files, digest.hexdigest()[:12])


def _described(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise Refusal(f"{path} cannot be read ({error}). {AGAIN}") from None


def _intact(folder: Path, code: str) -> dict[str, int]:
    """The sizes of what SHA256SUMS lists, and its own."""
    if not (folder / SUMS).is_file() or not (folder / code).is_file():
        raise Refusal(f"{folder} has no {SUMS}, or no {code}. {AGAIN}")
    sums = read_sums(folder)
    there = {path.name for path in folder.iterdir()} - {SUMS, DATASET, NOTEBOOK, code}
    differing = changed(folder, sums)
    if differing or there - sums.keys():
        raise Refusal(
            f"{folder}: {SUMS} does not fit the files: changed or missing {listed(differing)}; not listed "
            f"{listed(sorted(there - sums.keys()))}. {AGAIN}"
        )
    return {name: (folder / name).stat().st_size for name in (*sorted(sums), SUMS)}
