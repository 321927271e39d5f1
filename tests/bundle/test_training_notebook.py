"""A notebook that trains: its folder, what its session takes over, and what counts as the same at home."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from foldline.bundle.collecting import agreeing, put
from foldline.bundle.training_inputs import differences, inputs_of
from foldline.bundle.training_notebook import INPUTS_FILE, PROJECT, names_of, write_training_notebook
from foldline.bundle.training_session import (
    refuse_damaged,
    refuse_others,
    set_up,
    take_over,
    trainings_of,
    write_results,
)
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json, sha256
from foldline.kaggle.parcels import read_parcel
from pipelines import collect
from tests.end_to_end.checkout import ROOT

TRAININGS = [(0, 0), ("all", 3)]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A project whose tables are there; of no consequence what they hold."""
    root = tmp_path / "home"
    for name in ("dvc.yaml", "submissions/dvc.yaml", "pipelines/competitions/digits.yaml", "params.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    monkeypatch.chdir(root)
    (root / "input/own").mkdir(parents=True)
    (root / "input/own/mine.py").write_text("a = 1\n")
    places = Places("digits")
    tables = [places.rows, places.targets, places.images, places.classes, places.pixels, places.folds, places.training]
    for path in [*tables, places.weights, places.dry_run]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    for fold in (0, 1, "all"):
        choice = places.pretext_choice(fold)
        choice.mkdir(parents=True)
        (choice / "choice.json").write_text(str(fold))
    Path("work/code.json").write_text(json.dumps({"code": {"train": "t", "predict": "p", "clip": "c"}}))
    return places


def trained(places: Places, fold: Any, seed: int, is_predicted: bool = True) -> None:
    made = [(places.trained(fold, seed), "metrics.json"), (places.predicted(fold, seed), "classes.json")]
    for folder, name in made[: 1 + is_predicted]:
        folder.mkdir(parents=True)
        (folder / name).write_text(f"{name} of {fold}-{seed}")


def test_what_a_training_depends_on_is_what_dvc_yaml_says(places: Places) -> None:
    found = inputs_of(places, TRAININGS)
    assert list(found) == ["0-0", "all-3"]
    of_train, of_predict = found["0-0"]["train"], found["0-0"]["predict"]
    assert of_train["params.yaml: train.epochs"] == 6
    assert of_train["work/code.json: code.train"] == "t"
    assert of_train["pipelines/competitions/digits.yaml: symmetries"] == []
    assert of_train["work/digits/rows.parquet"] == sha256(places.rows)
    assert of_train["work/digits/pretext/fold0/choice.json"] == sha256(places.pretext_choice(0) / "choice.json")
    assert of_predict["work/code.json: code.predict"] == "p"
    assert not [key for key in of_predict if "model.safetensors" in key]
    assert trainings_of(found) == TRAININGS

    places.folds.write_text("others")
    params = Path("params.yaml").read_text()
    Path("params.yaml").write_text(params.replace("epochs: 6", "epochs: 7").replace("seeds: [0]", "seeds: [0, 3]"))
    now = inputs_of(places, TRAININGS)
    assert differences(found["0-0"], now["0-0"]) == ["params.yaml: train.epochs", "work/digits/folds.csv"]


def test_the_folder_is_one_that_can_be_pushed_and_equal_projects_make_equal_ones(
    places: Places, tmp_path: Path
) -> None:
    dataset, notebook = write_training_notebook(places, "me", TRAININGS, 8.5)
    assert (dataset, notebook) == names_of("me", "digits")
    assert dataset != notebook
    parcel = read_parcel(places.notebook, "digits", "me")
    assert parcel.wanted == {
        "dataset_sources": [dataset],
        "competition_sources": ["digits"],
        "kernel_sources": [notebook],
        "model_sources": [],
        "is_private": True,
        "enable_gpu": True,
        "enable_tpu": False,
        "enable_internet": True,
    }
    assert "hours = 8.5 - " in parcel.code.read_text()
    with zipfile.ZipFile(places.notebook / PROJECT) as archive:
        names = archive.namelist()
    assert {"params.yaml", "dvc.yaml", "input/own/mine.py", "work/digits/pretext/fold0/choice.json"} <= {*names}
    assert "work/digits/pretext/fold1/choice.json" not in names
    shutil.copytree(places.notebook, tmp_path / "first")
    write_training_notebook(places, "me", TRAININGS, 2.0)
    again = read_parcel(places.notebook, "digits", "me")
    assert (again.sums, again.run_id == parcel.run_id) == (parcel.sums, False)


@pytest.mark.parametrize("mounted", ["digits", "competitions/digits"])
def test_a_session_has_the_project_and_the_competition_s_files(places: Places, tmp_path: Path, mounted: str) -> None:
    write_training_notebook(places, "me", TRAININGS, 8.5)
    inputs, project = tmp_path / "input", tmp_path / "project"
    project.mkdir()
    with pytest.raises(Refusal, match=r"the files of the competition digits are neither in .* Add the competition"):
        set_up(project, places.notebook, inputs)
    (inputs / mounted / "train").mkdir(parents=True)
    (inputs / mounted / "train" / "a.png").write_text("a")
    assert set_up(project, places.notebook, inputs) == "digits"
    assert (project / "input/digits/train/a.png").read_text() == "a"
    assert [file["name"] for file in read_json(project / "input/digits/manifest.json")["files"]] == ["train/a.png"]
    assert (project / "work/digits/rows.parquet").read_text() == "rows.parquet"
    written = read_json(places.notebook / INPUTS_FILE)
    refuse_others(places, written)
    Path("work/code.json").write_text(json.dumps({"code": {"train": "other", "predict": "p"}}))
    with pytest.raises(Refusal, match=r"not have what the notebook was made with: work/code.json: code.train\."):
        refuse_others(places, written)


def test_results_are_taken_over_by_the_next_session_and_home_where_they_depend_on_the_same(
    places: Places, tmp_path: Path
) -> None:
    written, output = inputs_of(places, TRAININGS), tmp_path / "input" / "train-digits"
    trained(places, 0, 0)
    trained(places, "all", 3, is_predicted=False)
    (output / "checkpoints" / "digits").mkdir(parents=True)
    (output / "checkpoints" / "digits" / "state.pt").write_text("state")
    assert write_results(places, written, output) == ["0-0"]
    shutil.rmtree(places.trained_folds)
    shutil.rmtree(places.predicted_folds)

    working = tmp_path / "working"
    take_over(places, {"0-0": {"train": {"another": 1}}}, tmp_path / "input", working)
    assert (working / "checkpoints" / "digits" / "state.pt").read_text() == "state"
    assert not places.trained_folds.exists()
    take_over(places, written, tmp_path / "input", working)
    assert (places.predicted(0, 0) / "classes.json").read_text() == "classes.json of 0-0"
    # Stopped before it predicted, a model is not lost.
    assert (places.trained("all", 3) / "metrics.json").read_text() == "metrics.json of all-3"
    assert write_results(places, written, working) == ["0-0"]

    shutil.rmtree(places.predicted_folds)
    assert agreeing(places, output, ["0-0", "all-3"]) == (["0-0"], ["all-3"], [])
    assert agreeing(places, output, ["all-3", "1-0"]) == ([], ["all-3"], ["0-0"]), "not asked for any more"
    put(places, output, ["0-0"])
    assert (places.predicted(0, 0) / "classes.json").read_text() == "classes.json of 0-0"
    places.classes.write_text("others")
    with pytest.raises(Refusal, match=r"fold 0-0 differs in work/digits/classes.json\. Nothing was written"):
        agreeing(places, output, ["0-0"])


def test_what_was_taken_home_and_could_not_be_recorded_is_said(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(places, 0, 0)
    write_results(places, inputs_of(places, TRAININGS), tmp_path)
    shutil.rmtree(places.trained_folds)
    called: list[tuple[str, ...]] = []

    def failing(*words: str) -> subprocess.CompletedProcess[str]:
        called.append(words)
        return subprocess.CompletedProcess(words, returncode=1)

    monkeypatch.setattr(collect, "bring_up_to_date", lambda: None)
    monkeypatch.setattr(collect, "run_dvc", failing)
    monkeypatch.setattr(sys, "argv", ["foldline collect", str(tmp_path)])
    with pytest.raises(Refusal, match=r"`dvc commit` failed, .* The files are in place: run the same command again\."):
        collect.main()
    assert called == [("commit", "--force", "train@0-0", "predict@0-0")]
    assert (places.trained(0, 0) / "metrics.json").is_file()


def test_an_output_that_is_damaged_or_none(places: Places, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="it is not the output of a notebook of `foldline notebook`"):
        agreeing(places, tmp_path, [])
    trained(places, 0, 0)
    write_results(places, inputs_of(places, TRAININGS), tmp_path)
    (tmp_path / "results" / "predict" / "fold0" / "seed0" / "classes.json").write_text("flipped")
    with pytest.raises(Refusal, match=r"missing or damaged: predict/fold0/seed0/classes.json. Fetch the output again"):
        refuse_damaged(tmp_path / "results")
