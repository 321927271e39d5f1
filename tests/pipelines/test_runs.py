"""`foldline runs`: a line per run in at most 100 columns, all of it as data; what a screening run is told."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from foldline.ensembling.saved_runs import save_run
from foldline.ensembling.standings import remember
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json, write_json
from foldline.kaggle.ledger import append_entry, entry, run_id
from pipelines import compare, runs
from pipelines.summary import print_summary
from tests.ensembling.finished import write_finished

CHANGED = {"train.epochs": 2, "train.recipe": "[/red]"}
HEADS = {f"a_rather_long_name_{number}": number for number in range(9)}


def call(script: ModuleType, *arguments: str) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["script", *arguments])
        return script.main()


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three saved runs, the second the best; the first was uploaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    names = []
    for best, params, folds, score in (
        (0.25, {}, {"0": 0.51, "1": 0.61}, 0.56),
        (0.125, {"train": {"epochs": 2, "recipe": "[/red]"}}, {"0": 0.41, "1": 0.52}, 0.465),
        (0.5, {"train": {"epochs": 6, "head": HEADS}, "folds": [0]}, {"0": 0.1}, 0.1),
    ):
        places = write_finished(Path(), best, params, fold_scores=folds, score=score)
        names.append(save_run(places, places.runs, 90.0))
        record = places.runs / names[-1] / "run.json"
        write_json(record, read_json(record) | {"made": 1.8e9 + len(names)})
    csv = run_id("pets", b"id,dog\nt,0.25\n")
    append_entry(Path("submissions/ledger.csv"), entry("pets", csv, "scored", 7, "0.125"))
    return names


def test_all_that_is_known_of_each_run_as_data(saved: list[str]) -> None:
    """Gains of -.1 and -.09 against the best: a mean of -.095, a standard error of .005, times 12.7 (one degree of
    freedom)."""
    first, second, third = saved
    found = call(runs)
    assert found["best"] == second
    assert found["runs"][0] == {
        "name": first,
        "names": [first],
        "kind": "saved",
        "made": "2027-01-15T08:00:01+00:00",
        "changed": {},
        "metric": "log_loss",
        "score": 0.56,
        "standard_error": 0.05,
        "fold_scores": {"0": 0.51, "1": 0.61},
        "gain": -0.095,
        "verdict": "real",
        "evidence": "folds",
        "leaderboard": 0.125,
        "minutes": 1.5,
    }
    assert (found["runs"][1]["changed"], found["runs"][1]["verdict"]) == (CHANGED, "best")
    assert found["runs"][2]["standard_error"] is None
    assert (found["runs"][2]["name"], found["runs"][2]["verdict"]) == (third, "not yet")


def test_a_line_each_in_at_most_100_columns(saved: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call(runs)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    for words in (
        *saved,
        "epochs=2",
        "recipe=[/red]",
        "0.56000 ± 0.05000",
        "0.10000 on fold 0",
        "-0.09500 real*",
        "best",
        "0.12500",
    ):
        assert words in printed
    assert f"* by the scores of the folds alone; the rows, too: foldline compare {saved[1]} NAME" in printed
    assert "on fold ..: one fold is no verdict, and steps that are fitted on other folds are left out of it" in printed
    assert "not here" not in printed


def test_what_a_comparison_said_takes_the_place_of_what_the_folds_say(
    saved: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    files = [read_json(Path("work/pets/runs", name, "run.json"))["files"]["clip/out_of_fold.npy"] for name in saved]
    remember(Places("pets").compared, ("log_loss", {}), (files[0], files[1]), is_real=True)
    found = call(runs)
    assert (found["runs"][0]["verdict"], found["runs"][0]["evidence"]) == ("real", "rows and folds")
    assert "real*" not in capsys.readouterr().out


def test_a_comparison_by_saved_names_is_remembered(saved: list[str]) -> None:
    card = Path("pipelines/competitions/pets.yaml")
    card.parent.mkdir(parents=True)
    facts = {
        "metric": {"kind": "log_loss"},
        "target": {"kind": "multiclass", "column": "pet", "group": None},
        "submission": {"kind": "class_probabilities", "sample": "sample.csv", "id": "id", "extra_columns": "refused"},
    }
    card.write_text(yaml.safe_dump(facts))
    verdict = call(compare, saved[1], saved[0])["verdict"]
    assert verdict == "not yet real"
    listed = call(runs)["runs"][0]
    assert (listed["verdict"], listed["evidence"]) == ("not yet", "rows and folds")


def test_a_run_with_a_single_defined_score_is_not_of_a_single_fold(
    saved: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    runs.remove_run(Path("work/pets/runs"), saved[2])
    undefined = {"0": 0.1, "1": None}
    places = write_finished(Path(), 0.75, {"folds": [0, 1]}, fold_scores=undefined, score=0.125)
    save_run(places, places.runs, 90.0)
    call(runs)
    assert "0.12500 best" in " ".join((printed := capsys.readouterr().out).split())
    assert "on fold" not in printed


def test_a_score_that_is_not_here(saved: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("work/pets/runs", saved[0], "work/pets/clip/metrics.json").unlink()
    assert call(runs)["runs"][0]["score"] is None
    assert "not here: DVC's cache lacks its scores" in capsys.readouterr().out


def test_a_saved_run_is_removed(saved: list[str]) -> None:
    assert call(runs, "--remove", saved[0]) == {"removed": saved[0]}
    assert [one["name"] for one in call(runs)["runs"]] == saved[1:]
    with pytest.raises(Refusal, match="There is no saved run"):
        call(runs, "--remove", saved[0])


def test_none_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "params.yaml").write_text("competition: pets\n")
    assert call(runs) == {"runs": []}
    assert capsys.readouterr().out == "No run of pets has come to its end yet: dvc repro\n"


@pytest.mark.parametrize(("folds", "is_screening"), [([3], True), ([0, 3], False)])
def test_a_screening_run_is_told_what_it_means_and_no_upload_is_proposed(
    folds: list[int], is_screening: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = Places("pets", tmp_path)
    scores = {"metric": "log_loss", "folds": folds, "fold_scores": {"3": 0.5}, "fold_mean": 0.5, "gains": {}}
    write_json(places.ensemble / "metrics.json", scores)
    write_json(places.clipped / "metrics.json", {"metric": "log_loss", "score": 0.5, "score_before": 0.5, "gains": {}})
    write_json(places.score, {"score": 0.5}, hashed=False)
    print_summary(places, "dvc repro submissions/dvc.yaml")
    printed = capsys.readouterr().out
    assert ("Screened on fold 3 alone: its rows are easier or harder by chance" in printed) == is_screening
    assert ("next: foldline compare RUN ." in printed) == is_screening
    assert ("dvc repro submissions/dvc.yaml" in printed) != is_screening
