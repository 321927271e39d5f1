"""A project's folder: whole or nothing, and ready to run with the installed package."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.files.refusal import Refusal
from pipelines import check, init, project_files
from tests.end_to_end.checkout import ROOT, commit, copy_checkout, run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "dvc"))
    return tmp_path


def foldline_init(*arguments: str) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["foldline init", *arguments])
        return init.main()


def test_a_project_is_ready_to_run(here: Path) -> None:
    answer = foldline_init("dogs")
    project = here / "dogs"
    assert answer == {
        "folder": project,
        "competition": "digits",
        "next": "cd dogs && dvc repro submissions/dvc.yaml",
    }
    tracked = run(project, "git", "ls-files").stdout.split()
    there = {*project_files.FILES, *(f"{folder}/.gitkeep" for folder in project_files.EMPTY), ".dvc/.gitignore"}
    for folder in project_files.FOLDERS:
        there |= {str(path.relative_to(ROOT)) for path in (ROOT / folder).iterdir() if path.is_file()}
    assert set(tracked) == there
    assert (project / ".dvc/plots/offline.html").exists()
    # Of a chain that never ran, not even a dry run gets beyond the first stage.
    checked = run(project, "dvc", "repro", "check", PYTHONPATH=os.pathsep.join((str(ROOT), str(ROOT / "src"))))
    assert checked.returncode == 0, checked.stdout
    assert "parameters and card are valid" in checked.stdout


def test_the_stages_are_those_of_the_checkout_but_that_the_code_is_always_looked_at(here: Path) -> None:
    foldline_init("dogs")
    project, checkout = (yaml.safe_load((root / "dvc.yaml").read_text()) for root in (here / "dogs", ROOT))
    ours, theirs = (chain["stages"].pop("code") for chain in (project, checkout))
    assert project == checkout
    assert ours.pop("always_changed")
    assert {*theirs.pop("deps")} - {*ours.pop("deps")} == {"src"}
    assert ours == theirs


def test_the_experiment_of_a_competition_fits_its_card(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = foldline_init("my dogs", "--competition", "dog-breed-identification")
    assert answer["next"] == "cd 'my dogs' && dvc repro download && foldline doctor --write params.yaml"
    monkeypatch.chdir(here / "my dogs")
    monkeypatch.setattr(sys, "argv", ["foldline check"])
    assert check.main()["competition"] == "dog-breed-identification"


def test_a_folder_that_holds_anything_is_refused(here: Path) -> None:
    (here / "dogs").mkdir()
    (here / "dogs" / "notes.txt").touch()
    with pytest.raises(Refusal, match=r"dogs is there and is not empty; nothing was written. Name a new folder"):
        foldline_init("dogs")
    assert [path.name for path in (here / "dogs").iterdir()] == ["notes.txt"]
    with pytest.raises(Refusal, match=r"notes.txt is there and is not empty"):
        foldline_init("dogs/notes.txt")
    with pytest.raises(Refusal, match=r"DIR is the working folder, and init makes one"):
        foldline_init(".")


def test_a_competition_without_a_card_is_refused(here: Path) -> None:
    with pytest.raises(
        Refusal, match=r"there is no card for the competition `dog-breed-identificaton`. The nearest: dog-"
    ):
        foldline_init("dogs", "--competition", "dog-breed-identificaton")
    assert not list(here.iterdir())


def test_it_is_whole_or_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Refusal, match=r"git is missing"):
        foldline_init("dogs")
    assert not list(here.iterdir())


@pytest.mark.slow
def test_the_installed_package_goes_from_init_to_a_scored_submission(tmp_path: Path) -> None:
    """In an environment of its own, with what this one has installed but for ourselves."""
    checkout, environment = copy_checkout(tmp_path / "checkout"), tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    # As a plain path: what .pth files there name, this checkout among it, is not found.
    (packages / "base.pth").write_text(str(Path(pytest.__file__).parent.parent))
    uv = ("uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--no-build-isolation")
    installed = run(checkout, *uv, "--python", str(environment / "bin" / "python"), ".")
    assert installed.returncode == 0, installed.stdout
    path = f"{environment / 'bin'}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    alone = {"PATH": path, "PYTHONPATH": ""}
    made = run(tmp_path, "foldline", "init", "dogs", **alone)
    assert made.returncode == 0, made.stdout
    project = tmp_path / "dogs"
    ended = run(project, "dvc", "repro", "submissions/dvc.yaml", **alone)
    assert ended.returncode == 0, ended.stdout
    assert yaml.safe_load((project / "submissions/digits/receipt.json").read_text())["public_score"]
    commit(project, "ran")
    (code,) = packages.glob("foldline/training/loop.py")
    code.write_text(f"{code.read_text()}\nA_NEW_VERSION = True\n")
    digested = run(project, "dvc", "repro", "code", **alone)
    assert digested.returncode == 0, digested.stdout
    dry = run(project, "dvc", "repro", "--dry", **alone).stdout
    assert "pipelines.train --fold 0" in dry
    assert "Stage 'prepare' didn't change" in dry
