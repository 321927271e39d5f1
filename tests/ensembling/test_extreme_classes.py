"""Extreme multiclass: no array of rows x classes anywhere after `predict`, whatever the metric and the submission."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ensembling.extreme_classes import NAMES, RUNS, TEST_ROWS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plants")
    command = [sys.executable, "-m", "tests.ensembling.extreme_classes", str(folder)]
    # Else glibc reserves 64 MiB of addresses for some threads, or none, as chance has it, and these count as mapped.
    environment = os.environ | {"MALLOC_ARENA_MAX": "1"}
    process = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert process.returncode == 0, process.stderr[-3000:]
    return folder


def test_the_stages_end_in_less_memory_than_one_dense_array(folder: Path) -> None:
    results = json.loads((folder / "results.json").read_text())
    assert not results["dense"], "the limit must refuse a dense array"
    assert set(results["stages"]) == set(RUNS)


def test_scores_are_those_of_all_classes_but_for_what_was_not_kept(folder: Path) -> None:
    results = json.loads((folder / "results.json").read_text())
    exact, found = results["exact"], results["stages"]
    assert found["map_at_5"] == pytest.approx(exact["map_at_5"], abs=2e-3)
    # A class that was not kept has an even share of what is left: that costs, and never flatters.
    assert exact["log_loss"] - 0.01 <= found["log_loss"] <= exact["log_loss"] + 0.5
    assert found["log_loss_of_all_steps"] < found["log_loss"] - 0.1
    assert found["map_at_5_greedy"] > found["map_at_5"]


def test_the_submission_ranks_five_different_classes_of_each_row(folder: Path) -> None:
    with (folder / "submission.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == TEST_ROWS
    rankings = [row["species"].split(" ") for row in rows]
    assert all(len(set(ranking)) == 5 for ranking in rankings)
    assert {name for ranking in rankings for name in ranking} <= set(NAMES)
