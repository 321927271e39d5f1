"""A run is read the same wherever it is: a checkout, its folder of work, or a git revision with DVC's cache."""

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from dvc.repo import Repo

from foldline.ensembling.predictions import Predictions
from foldline.ensembling.runs import Run, open_runs
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.rows import write_rows, write_targets
from foldline.folds.folds_table import write_folds
from tests.classes import write_classes
from tests.ensembling.written import write_predictions
from tests.words import DISTRIBUTION

CLASSES = ("cat", "dog")
IDS = ("007", "a", "b", "c")


def write_run(root: Path, best: float, slug: str = "pets") -> None:
    """A finished run whose first row's first probability is `best`."""
    places = Places("pets", root)
    places.work.mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").write_text(yaml.safe_dump({"competition": slug, "folds": [0, 1]}))
    rows = {"part": ["train"] * 4 + ["test"], "row_id": [*IDS, "t"]}
    write_rows(places.rows, pd.DataFrame(rows | {"group": None}))
    write_targets(places.targets, np.array([0, 1, 1, 0]))
    write_classes(places.classes, CLASSES)
    write_folds(places.folds, pd.DataFrame({"row_id": IDS, "fold": [0, 1, 0, 1], "cluster": [4, 5, 4, 6]}))
    probabilities = np.full((4, 2), 0.5, np.float32)
    probabilities[0] = [best, 1 - best]
    predictions = Predictions(
        out_of_fold=probabilities[[2, 0, 1]],
        test=np.full((1, 2), 0.5, np.float32),
        out_of_fold_ids=("b", "007", "a"),
        test_ids=("t",),
        folds=np.array([0, 0, 1]),
        classes=CLASSES,
        form=DISTRIBUTION,
    )
    write_predictions(places.clipped, predictions)


def opened(*names: str) -> tuple[Run, ...]:
    """The runs, their predictions copied while they are open."""
    with open_runs(names, "pets", "clip") as runs:
        return tuple(Run(run.name, read_whole(run.predictions), run.targets, run.clusters, run.folder) for run in runs)


def read_whole(predictions: Predictions) -> Predictions:
    fields = vars(predictions) | {"out_of_fold": np.array(predictions.out_of_fold), "test": np.array(predictions.test)}
    return Predictions(**fields)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    folder = tmp_path / "checkout"
    write_run(folder, best=0.25)
    monkeypatch.chdir(folder)
    return folder


def test_a_checkout_and_its_folder_of_work_are_the_same_run(checkout: Path) -> None:
    for name in (".", str(checkout), "work/pets"):
        (run,) = opened(name)
        assert run.name == name
        assert run.predictions.out_of_fold[1].tolist() == [0.25, 0.75]
        assert run.targets.tolist() == [1, 0, 1], "in the order of the predictions"
        assert run.clusters.tolist() == [4, 4, 5]


@pytest.mark.parametrize("repository", [".", ".."])
def test_a_revision_is_read_from_the_cache_as_it_was(repository: str, checkout: Path) -> None:
    """Also of a project that is a folder of its repository."""

    def git(*command: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *command], check=True, capture_output=True)

    git("init", "-q", repository)
    with Repo.init(subdir=repository != ".") as repo:
        repo.add([f"work/pets/{name}" for name in ("rows.parquet", "targets.npy", "classes.json", "folds.csv", "clip")])
    git("add", "-A", ".")
    git("commit", "-qm", "first")
    git("tag", "first")
    write_run(checkout, best=0.125)
    then, now = opened("first", ".")
    assert then.predictions.out_of_fold[1].tolist() == [0.25, 0.75]
    assert now.predictions.out_of_fold[1].tolist() == [0.125, 0.875]
    assert not then.folder.exists(), "what was copied is gone when the runs are closed"
    with pytest.raises(Refusal, match="There is no run `second`: no folder, saved run, DVC experiment or git revision"):
        opened("second")
    git("rm", "-q", "--cached", "work/pets/clip.dvc")
    git("commit", "-qm", "not run")
    with pytest.raises(Refusal, match="run `HEAD`: not all of its files are in DVC's cache"):
        opened("HEAD")


@pytest.mark.usefixtures("checkout")
def test_what_is_no_run_of_this_competition_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refusal, match="the folder holds no run of pets"):
        opened(str(tmp_path / "empty"))
    write_run(tmp_path / "other", best=0.5, slug="plants")
    with pytest.raises(Refusal, match=r"is of the competition 'plants', params.yaml here says 'pets'"):
        opened(str(tmp_path / "other"))
    write_run(tmp_path / "begun", best=0.5)
    (Places("pets", tmp_path / "begun").clipped / "ids.parquet").unlink()
    with pytest.raises(Refusal, match=r"run `.*begun`: .*ids.parquet does not exist"):
        opened(".", str(tmp_path / "begun"))
    with pytest.raises(Refusal, match=r"`.` is named twice"):
        opened(".", ".")
