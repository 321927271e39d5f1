"""`foldline train --ray`: what is refused before anything runs, and what a node is told."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from foldline.fan_out.queue import Item
from foldline.fan_out.ray_cluster import Cluster
from foldline.files.refusal import Refusal
from pipelines.on_ray import OnRay, commands, on_ray, project_of
from pipelines.running import Settings
from pipelines.training_place import add_place, chosen_place
from tests.fan_out.test_ray_node import git

SETTINGS = Settings(Path("params.yaml"), "shapes")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clean repository, DVC's too, with a remote; after it runs and an upload have written what they write."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    remote = folder\n['remote \"folder\"']\n    url = /remote\n")
    (tmp_path / ".gitignore").write_text("/input/own/*\n/.dvc/tmp\n")
    (tmp_path / "code").write_text("first")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "submissions").mkdir()
    (tmp_path / "submissions/ledger.csv").touch()
    (tmp_path / "dvc.lock").write_text("locked")
    return tmp_path


def test_refuses_what_the_last_commit_lacks(project: Path) -> None:
    (project / "code").write_text("second")
    (project / "card.yaml").touch()
    with pytest.raises(Refusal, match=r"nodes work on the last commit, without what is new in code, card\.yaml\."):
        on_ray("auto", 1, SETTINGS)


def test_refuses_a_project_without_a_remote_that_nodes_know(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (project / ".dvc/config.local").write_text("[core]\n    remote = mine\n")
    (project / ".gitignore").write_text("/input/own/*\n/.dvc/tmp\n/.dvc/config.local\n")
    git(project, "commit", "-q", "-a", "-m", "without a remote")
    with pytest.raises(Refusal, match=r"\.dvc/config names no DVC remote, .* \(`dvc remote add --default NAME URL`\)"):
        on_ray("auto", 1, SETTINGS)
    assert capfd.readouterr().err == ""


def test_refuses_where_ray_is_not_installed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Refusal, match=r"--ray needs Ray, which is not installed: pip install 'foldline\[ray\]'"):
        on_ray("auto", 1, SETTINGS)


def test_refuses_a_folder_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refusal, match=r"--ray: `git status` failed: .*not a git repository"):
        on_ray("auto", 1, SETTINGS)


@pytest.mark.parametrize("words", [["--gpus", "0"], ["--slots", "2"]])
def test_refuses_slots_of_this_machine(words: list[str]) -> None:
    script = argparse.ArgumentParser()
    add_place(script)
    with pytest.raises(Refusal, match=r"Ray knows its nodes' GPUs, .* Leave out --gpus and --slots\."):
        chosen_place(script.parse_args(["--ray", "auto", *words]), SETTINGS)


def test_nodes_get_the_commit_the_lock_and_ones_own_code(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "input/own").mkdir(parents=True)
    (project / "input/own/loss.py").write_text("mine")
    monkeypatch.setenv("FOLDLINE_CHECKPOINTS", "/shared")
    monkeypatch.delenv("FOLDLINE_PROCESSES", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    given = project_of(["prepare", "split"])
    assert given.commit == git(project, "rev-parse", "HEAD")
    assert given.files == {"dvc.lock": b"locked", "input/own/loss.py": b"mine"}
    assert given.before[0][-2:] == ("prepare", "split")
    assert given.environment == {"FOLDLINE_CHECKPOINTS": "/shared", "OMP_NUM_THREADS": "3"}
    (project / "bundle").write_bytes(given.bundle)
    assert (
        given.commit in subprocess.run(["git", "bundle", "list-heads", "bundle"], capture_output=True, text=True).stdout
    )


def chain(folder: Path, train: str) -> OnRay:
    """Of three stages, in a repository whose remote cannot be written to, where DVC is as it is for a person."""
    stages = {"code": "touch work/code", "split": "cp work/code work/split", "train": train}
    deps = {"code": [], "split": ["work/code"], "train": ["work/split"]}
    written = {name: {"cmd": command, "deps": deps[name], "outs": [f"work/{name}"]} for name, command in stages.items()}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": written}))
    (folder / "work").mkdir()
    (folder / "dvc.lock").unlink()
    (folder / ".dvc/config").write_text("[core]\n    remote = none\n['remote \"none\"']\n    url = /proc/none\n")
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet", "split"], check=True)
    return OnRay(Cluster(1, [{}]), SETTINGS)


def test_refuses_where_nodes_could_not_fetch_what_they_read(project: Path) -> None:
    place = chain(project, "touch work/train")
    with pytest.raises(
        Refusal, match=r"`dvc push` failed, so nodes cannot fetch what they read\. What it said is above"
    ):
        place.share("train")
    assert place.cluster.project is None


def test_refuses_where_results_cannot_come_home(project: Path) -> None:
    place = chain(project, "false")
    with pytest.raises(
        Refusal, match=r"`dvc repro --pull` failed, so results are on the remote alone\. What it said is"
    ):
        place.collect(["train"])


def test_a_node_fetches_what_is_there_trains_and_returns_it() -> None:
    here = ("python", "-m", "dvc", "--wait-for-lock", "repro", "-s", "train@0-1", "predict@0-1")
    repro, push = commands(Item("fold 0, seed 1", here, Path(), Path()))
    assert repro[-5:] == ("repro", "--pull", "-s", "train@0-1", "predict@0-1")
    assert push[-4:] == ("push", "--run-cache", "train@0-1", "predict@0-1")
