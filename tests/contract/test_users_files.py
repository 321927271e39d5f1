"""Tests see nothing of what a person did in this clone, nor of the person's account."""

import os
from pathlib import Path

from tests.end_to_end.checkout import commit, environment, files_of

POISON = "of a person"


def write(file: Path, text: str = POISON) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_nothing_of_a_run_or_a_person_reaches_a_copy(tmp_path: Path) -> None:
    """A clone after `make demo`, with an experiment of one's own; whatever of it is committed, and what is not."""
    ours = ["dvc.yaml", "submissions/dvc.yaml", "input/.gitkeep", "input/own/.gitkeep", "pipelines/recipes/digits.yaml"]
    users = [
        *("submissions/ledger.csv", "submissions/notes.txt", "submissions/.ledger.lock", "submissions/dvc.lock"),
        *("submissions/digits/receipt.json", "submissions/digits/submission.csv", "work/local-kaggle/digits/files.zip"),
        *("work/digits/train/fold0/seed0/model.safetensors", "input/digits/manifest.json", "input/own/loss.py"),
        *("input/weights/own.safetensors", "dvc.lock", "params.yaml"),
    ]
    for name in ours:
        write(tmp_path / name, "ours")
    commit(tmp_path, "start")
    for name in users:
        write(tmp_path / name)
    for _ in range(2):
        files = files_of(tmp_path)
        assert sorted(files) == sorted([*ours, "params.yaml"])
        assert not [name for name, file in files.items() if POISON in file.read_text()]
        commit(tmp_path, "a person's")


def test_no_account_reaches_a_process(tmp_path: Path) -> None:
    """Neither this one nor one that it starts."""
    for variables in (os.environ, environment(tmp_path)):
        assert not [name for name in variables if name.startswith(("KAGGLE_", "FOLDLINE_", "XDG_STATE", "XDG_CONFIG"))]
        assert not (Path(variables["HOME"]) / ".kaggle").exists()
        assert not (Path(variables["HOME"]) / ".config" / "kaggle").exists()
