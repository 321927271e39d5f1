"""Saved runs, an experiment and a commit of one repository of DVC's own making are listed, each once."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from foldline.ensembling.finished_runs import base_params, finished_runs
from foldline.ensembling.saved_runs import save_run
from foldline.files.places import Places
from tests.ensembling.finished import write_finished

PLACES = Places("pets")
TABLES, CLIPPED = ("folds.csv", "targets.npy"), ("out_of_fold.npy", "test.npy", "metrics.json")
CHAIN = {
    "stages": {
        "check": {"cmd": "true", "params": [{"params.yaml": None}]},
        "split": {"cmd": "cp made/*.* work/pets/", "deps": ["made"], "outs": [f"work/pets/{name}" for name in TABLES]},
        "clip": {
            "cmd": "mkdir -p work/pets/clip && cp made/clip/* work/pets/clip/",
            "deps": ["made", *(f"work/pets/{name}" for name in TABLES)],
            "outs": [f"work/pets/clip/{name}" for name in CLIPPED],
        },
    }
}
"""As far as a listing looks: what its stages would compute lies in made/."""


def make(best: float, epochs: str, score: float) -> None:
    """What an experiment with these epochs is to compute."""
    (Path("other") / "work/pets").mkdir(parents=True, exist_ok=True)
    other = write_finished(Path("other"), best, score=score)
    shutil.rmtree("made", ignore_errors=True)
    Path("made/clip").mkdir(parents=True)
    for name in TABLES:
        shutil.copy(other.work / name, Path("made", name))
    for name in CLIPPED:
        shutil.copy(other.clipped / name, Path("made/clip", name))
    Path("params.yaml").write_text(f"competition: pets\nfolds: [0, 1]\ntrain: {{epochs: {epochs}}}\n")


def git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run that was saved and committed, an experiment that was saved, and one that was not; then another params.yaml
    is committed, which nothing has run with."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DVC_SITE_CACHE_DIR", str(folder / "site"))
        patched.chdir(folder)
        Path("dvc.yaml").write_text(yaml.safe_dump(CHAIN, sort_keys=False))
        Path(".gitignore").write_text("/work/\n/other/\n/made/\n/site/\n")
        git("init", "-q")
        for name in ("user.name", "user.email"):
            git("config", name, "t@localhost")
        with Repo.init() as repo:
            for name, best, epochs, score in (
                ("first", 0.25, "6", 0.5),
                ("kept", 0.125, "1e-1", 0.4),
                ("lost", 0.5, "3", 0.3),
            ):
                make(best, epochs, score)
                PLACES.work.mkdir(parents=True, exist_ok=True)
                repo.reproduce()
                if name != "lost":
                    save(best, epochs)
                git("add", "-A")
                if name == "first":
                    git("commit", "-q", "-m", "first")
                else:
                    repo.experiments.save(name=name, force=True)
                    git("checkout", "-q", "HEAD", "--", ".")
        yield folder


def save(best: float, epochs: str) -> None:
    """What `format` would save: of the same parameters and predictions."""
    apart = write_finished(Path("other"), best)
    for name in CLIPPED:
        shutil.copy(Path("made/clip", name), apart.clipped / name)
    shutil.copy("params.yaml", "other/params.yaml")
    save_run(apart, PLACES.runs, seconds=60.0)


@pytest.mark.usefixtures("project")
def test_each_run_is_listed_once_with_all_its_names() -> None:
    found = {run.name: run for run in finished_runs(PLACES)}
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    assert {name: (run.kind, len(run.names)) for name, run in found.items()} == {
        head: ("commit", 2),
        "kept": ("experiment", 2),
        "lost": ("experiment", 1),
    }
    assert [found[name].score for name in (head, "kept", "lost")] == [0.5, 0.4, 0.3]
    assert [found[name].seconds for name in (head, "kept", "lost")] == [60.0, 60.0, None]
    assert found[head].names[1].startswith("run-")
    assert bool(found["kept"].csv), "by which the ledger knows it"
    assert found["lost"].params["train.epochs"] == 3
    assert found["lost"].folds == {"0": 0.4, "1": 0.6}


@pytest.mark.usefixtures("project")
def test_a_run_that_was_saved_outlives_dvcs_cache_and_another_one_is_said_to_be_gone() -> None:
    shutil.move(".dvc/cache", "cache")
    try:
        found = {run.name: run for run in finished_runs(PLACES)}
    finally:
        shutil.move("cache", ".dvc/cache")
    assert found["kept"].score == 0.4
    assert (found["lost"].scores, found["lost"].score) == (None, None)


@pytest.mark.usefixtures("project")
def test_the_base_is_the_commits_experiment_or_the_first_run() -> None:
    runs = finished_runs(PLACES)
    assert base_params("pets", runs)["train.epochs"] == 6
    Path("params.yaml").write_text("competition: digits\n")
    git("commit", "-qam", "another competition's")
    assert base_params("pets", runs) == runs[0].params
    Path("params.yaml").write_text("<<<<<<< HEAD\n: [\n")
    git("commit", "-qam", "not yaml")
    assert base_params("pets", runs) == runs[0].params
    git("reset", "-q", "--hard", "HEAD~2")


@pytest.mark.usefixtures("project")
def test_a_commits_params_that_are_ahead_of_its_lock_are_not_what_ran() -> None:
    Path("params.yaml").write_text("competition: pets\nfolds: [0, 1]\ntrain: {epochs: 99}\n")
    lock = Path("dvc.lock")
    lock.write_text(lock.read_text() + "\n")
    git("commit", "-qam", "ahead")
    found = finished_runs(PLACES)
    git("reset", "-q", "--hard", "HEAD~1")
    assert sorted(run.params["train.epochs"] for run in found) == [0.1, 3, 6]
    assert [len(run.names) for run in found if run.kind == "commit"] == [3], "two commits, and its saved name"


def test_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert finished_runs(PLACES) == []
