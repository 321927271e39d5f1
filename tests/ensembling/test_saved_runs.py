"""A finished run is kept once, whatever becomes of the folder that it ran in, and is read by its name."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from foldline.ensembling.finished_runs import saved_runs
from foldline.ensembling.runs import open_runs
from foldline.ensembling.saved_runs import Record, read_record, remove_run, save_run
from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json
from foldline.kaggle.ledger import run_id
from tests.ensembling.finished import write_finished
from tests.ensembling.test_runs import write_run


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_outlives_the_folder_that_it_ran_in_and_takes_no_space(checkout: Path) -> None:
    places = write_finished(Path(), best=0.25)
    name = save_run(places, places.runs, seconds=90.0)
    assert (places.runs / name / "work/pets/clip/out_of_fold.npy").samefile(places.clipped / "out_of_fold.npy")
    record = Record(**read_json(places.runs / name / "run.json"))
    assert (record.seconds, record.csv) == (90.0, run_id("pets", b"id,dog\nt,0.25\n"))
    assert record.files["clip/metrics.json"]
    write_finished(Path(), best=0.125)
    with open_runs([name, "."], "pets", "clip") as (saved, now):
        assert (saved.predictions.out_of_fold[1][0], now.predictions.out_of_fold[1][0]) == (0.25, 0.125)
    assert {path.name for path in (places.runs / name / "work/pets").iterdir()} == {
        *("rows.parquet", "targets.npy", "classes.json", "folds.csv", "score.json", "ensemble", "clip")
    }


def test_equal_runs_are_one_and_others_are_not(checkout: Path) -> None:
    places = write_finished(Path(), params={"train": {"epochs": 6}, "submit": {"message": "a"}})
    name = save_run(places, places.runs, None)
    made = read_json(places.runs / name / "run.json")["made"]
    write_finished(Path(), params={"train": {"epochs": 6.0}, "submit": {"message": "b"}})
    assert save_run(places, places.runs, 5.0) == name
    assert read_json(places.runs / name / "run.json")["made"] == made, "the first one stays"
    write_finished(Path(), params={"train": {"epochs": 7}})
    others = {save_run(places, places.runs, None)}
    write_finished(Path(), best=0.125, params={"train": {"epochs": 6}})
    others |= {save_run(places, places.runs, None)}
    write_finished(Path(), params={"train": {"epochs": 6}}, metric="brier", score=0.1)
    others |= {save_run(places, places.runs, None)}
    assert len(others | {name}) == 4
    assert {path.name for path in places.runs.iterdir()} == others | {name}


def test_a_csv_that_the_card_has_written_otherwise_is_the_runs(checkout: Path) -> None:
    places = write_finished(Path())
    name = save_run(places, places.runs, 90.0)
    places.submission.write_text("id|dog\nt|0.25\n")
    assert save_run(places, places.runs, 5.0) == name
    assert read_record(places.runs / name / "run.json").csv == run_id("pets", b"id|dog\nt|0.25\n")


def test_where_links_are_not_possible_files_are_copied(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*paths: Path) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", no_link)
    places = write_finished(Path())
    kept = places.runs / save_run(places, places.runs, None) / "work/pets/targets.npy"
    assert not kept.samefile(places.targets)
    np.testing.assert_array_equal(np.load(kept), np.load(places.targets))


def test_dvcs_symbolic_links_are_followed(checkout: Path) -> None:
    """`cache.type: symlink`: a link to a link would end with the cached file."""
    places = write_finished(Path())
    cached = checkout / "cached"
    places.targets.rename(cached)
    places.targets.symlink_to(cached)
    kept = places.runs / save_run(places, places.runs, None) / "work/pets/targets.npy"
    assert not kept.is_symlink()
    assert kept.samefile(cached)


def test_a_saved_run_is_removed_by_its_name_alone(checkout: Path) -> None:
    places = write_finished(Path())
    name = save_run(places, places.runs, None)
    for other in ("..", "", "run-0", str(places.work)):
        with pytest.raises(Refusal, match=rf"There is no saved run `.*`\. Saved are {name}; DVC's experiments go by"):
            remove_run(places.runs, other)
    remove_run(places.runs, name)
    assert not (places.runs / name).exists()
    assert places.targets.exists()
    with pytest.raises(Refusal, match=r"no saved run `run-0`\. Saved are none"):
        remove_run(places.runs, "run-0")


def test_a_run_that_did_not_end_is_not_saved(checkout: Path) -> None:
    write_run(Path(), best=0.5)
    places = write_finished(Path())
    (places.clipped / "test.npy").unlink()
    with pytest.raises(FileNotFoundError):
        save_run(places, places.runs, None)
    assert not places.runs.exists()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("run.json", "run.json is not valid JSON"),
        ("params.yaml", "params.yaml is not the parameters of a saved run"),
        ("work/pets/clip/metrics.json", "metrics.json is not valid JSON"),
    ],
)
def test_a_damaged_file_of_a_saved_run_is_cured_by_removing_the_run(checkout: Path, name: str, wrong: str) -> None:
    places = write_finished(Path())
    run = save_run(places, places.runs, None)
    (places.runs / run / name).unlink()
    (places.runs / run / name).write_bytes(b"\xff")
    with pytest.raises(Refusal, match=rf"{wrong} .* no stage writes a saved run again: `foldline runs --remove {run}`"):
        list(saved_runs(places))
    remove_run(places.runs, run)
    assert list(saved_runs(places)) == []
