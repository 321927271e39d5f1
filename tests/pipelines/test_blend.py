"""Two finished runs, folders of a tiny competition, through the commands that take several: `blend` and `compare`."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from foldline.archive.archives import ArchiveFile, Manifest, write_manifest
from foldline.ensembling import row_sources
from foldline.ensembling.predictions import Predictions
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.rows import write_rows, write_targets
from foldline.folds.folds_table import write_folds
from pipelines import blend, compare
from tests.classes import write_classes
from tests.ensembling.written import write_predictions
from tests.words import DISTRIBUTION

CLASSES, ROWS = ("cat", "dog", "eel"), 60
TARGETS = np.arange(ROWS) % 3
IDS, TEST_IDS = tuple(f"{row:03}" for row in range(ROWS)), ("t2", "t1")
SAMPLE = "id,cat,dog,eel\nt1,1,0,0\nt2,1,0,0\n"


def predicted(strength: float, seed: int, **changes: object) -> Predictions:
    """What a run predicts that knows the class by `strength`."""
    scores = np.random.default_rng(seed).normal(size=(ROWS, 3)) + strength * np.eye(3)[TARGETS]
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    test = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]], np.float32)
    folds = np.arange(ROWS) // 3 % 4
    known = Predictions(shares.astype(np.float32), test, IDS, TEST_IDS, folds, CLASSES, DISTRIBUTION)
    return Predictions(**{**vars(known), **changes})


def write_run(root: Path, predictions: Predictions) -> None:
    places = Places("pets", root)
    ids = {"part": ["train"] * ROWS + ["test"] * 2, "row_id": [*IDS, *TEST_IDS]}
    write_rows(places.rows, pd.DataFrame(ids | {"group": None}))
    write_targets(places.targets, np.asarray(TARGETS))
    write_classes(places.classes, predictions.classes)
    folds = pd.Series(predictions.folds, index=list(predictions.out_of_fold_ids)).reindex(list(IDS)).fillna(0)
    write_folds(
        places.folds, pd.DataFrame({"row_id": IDS, "fold": folds.astype(int).to_numpy(), "cluster": range(ROWS)})
    )
    params = {
        "competition": "pets",
        "ensemble": {
            "views": "all",
            "average": "probabilities",
            "method": {"kind": "convex_combination"},
            "temperature": {"kind": "none"},
        },
        "clip": {"bounds": {"kind": "none"}, "rule": "default"},
    }
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    for folder in (places.ensemble, places.clipped):
        write_predictions(folder, predictions)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, itself the run of a strong model, with the sample submission."""
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path, predicted(3.0, 0))
    (tmp_path / "weak").mkdir()
    write_run(tmp_path / "weak", predicted(0.3, 1))
    card = Path("pipelines/competitions/pets.yaml")
    card.parent.mkdir(parents=True)
    facts = {
        "metric": {"kind": "log_loss"},
        "target": {"kind": "multiclass", "column": "pet", "group": None},
        "submission": {"kind": "class_probabilities", "sample": "sample.csv", "id": "id", "extra_columns": "refused"},
    }
    card.write_text(yaml.safe_dump(facts))
    places = Places("pets")
    places.archives.mkdir(parents=True)
    (places.archives / "sample.csv").write_text(SAMPLE)
    file = ArchiveFile(name="sample.csv", bytes=len(SAMPLE), sha256="")
    write_manifest(places.manifest, Manifest(competition="pets", files=(file,)))
    return tmp_path


def run(script: ModuleType, *arguments: str) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["script", *arguments])
        return script.main()


def metrics_of_the_blend() -> Any:
    return json.loads(Path("work/pets/blend/metrics.json").read_text())


@pytest.mark.usefixtures("checkout")
def test_two_runs_become_one_submission_of_the_better_one(capsys: pytest.CaptureFixture[str]) -> None:
    answer = run(blend, ".", "weak")
    assert [one["run"] for one in answer["runs"]] == [".", "weak"]
    assert answer["runs"][0]["score"] < answer["runs"][1]["score"]
    assert (answer["score"], answer["submission"]) == (
        metrics_of_the_blend()["score"],
        Path("submissions/pets/blend.csv"),
    )
    written = pd.read_csv("submissions/pets/blend.csv", index_col="id")
    assert list(written.index) == ["t1", "t2"]
    np.testing.assert_allclose(written.to_numpy(), [[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]], atol=1e-6)
    metrics = metrics_of_the_blend()
    assert metrics["gains"]["weights"]["applied"]
    assert metrics["gains"]["weights"]["cross_validated"] > 0.1
    assert "correlation" in capsys.readouterr().out


@pytest.mark.usefixtures("checkout")
def test_of_very_many_rows_it_says_which_part_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`foldline runs` has the scores of all rows, which these are not."""
    monkeypatch.setattr(row_sources, "MOST_ROWS", 24)
    run(blend, ".", "weak")
    shown = " ".join(capsys.readouterr().out.split())
    assert "fraction of rows with other classes; of 24 of 60 rows" in shown


@pytest.mark.usefixtures("checkout")
def test_a_comparison_is_answered_as_data() -> None:
    found = run(compare, "weak", ".")
    assert (found["verdict"], found["rows"]) == ("real", ROWS)
    assert found["pooled"]["gain"] == pytest.approx(found["pooled"]["first"] - found["pooled"]["second"], abs=2e-6)
    assert set(found["folds"]) == {"0", "1", "2", "3"}


@pytest.mark.parametrize("script", [blend, compare])
def test_a_runs_name_is_shown_as_it_is(script: ModuleType, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not as rich's markup, which would make it colour."""
    (checkout / "weak").rename("[red]")
    run(script, ".", "[red]")
    assert "[red]" in capsys.readouterr().out


FEWER = {"out_of_fold": predicted(1, 1).out_of_fold[:-1], "out_of_fold_ids": IDS[:-1], "folds": np.arange(59) // 3 % 4}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ("dog", "cat", "eel")}, "run `weak` was predicted for other classes, or in another order"),
        ({"folds": (np.arange(ROWS) // 3 + 1) % 4}, "run `weak` has 60 rows in another fold than run `.`"),
        (FEWER, "run `weak`, out-of-fold rows: 1 of 60 rows are not predicted: 059"),
    ],
    ids=["classes", "folds", "rows"],
)
def test_a_run_of_other_rows_is_refused_by_its_name(checkout: Path, changes: dict, message: str) -> None:
    write_run(checkout / "weak", predicted(0.3, 1, **changes))
    with pytest.raises(Refusal, match=message):
        run(blend, ".", "weak")
    assert not Path("work/pets/blend").exists()


@pytest.mark.parametrize("value", [np.nan, 0.9])
def test_a_row_that_is_no_distribution_is_refused_by_run_and_row(checkout: Path, value: float) -> None:
    folder = Places("pets", checkout / "weak").ensemble
    out_of_fold = np.load(folder / "out_of_fold.npy")
    out_of_fold[7] = [value, 0.5, 0.5]
    np.save(folder / "out_of_fold.npy", out_of_fold)
    with pytest.raises(Refusal, match=r"run `weak`: .*out_of_fold.npy: row 7 \(id '007'\) is not a distribution"):
        run(blend, ".", "weak")


@pytest.mark.usefixtures("checkout")
def test_one_run_alone_has_nothing_to_blend_with() -> None:
    with pytest.raises(Refusal, match=r"nothing to blend `.` with"):
        run(blend, ".")
