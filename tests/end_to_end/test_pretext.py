"""Rotation, its probes and trainings that begin with the choice, as DVC runs them and as a study does."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.end_to_end.checkout import answer, copy_set_to_shapes, run
from tests.training.test_pretext import ROTATION

pytestmark = pytest.mark.slow


def write(checkout: Path, pretext: dict[str, Any]) -> None:
    file = checkout / "params.yaml"
    params = yaml.safe_load(file.read_text())
    params["split"]["count"] = 3
    params["prepare"] |= {"height_pixels": 16, "width_pixels": 16}
    file.write_text(yaml.safe_dump(params | {"folds": [0, 1, "all"], "pretext": pretext}, sort_keys=False))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = copy_set_to_shapes(tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("shapes"), workers=0)
    write(copy, ROTATION | {"images": "train", "load_stages": "all"})
    return copy


def running(text: str) -> list[str]:
    return re.findall(r"Running stage '([^']+)'", text)


def test_one_backbone_for_all_folds_then_one_for_each(checkout: Path) -> None:
    first = run(checkout, "dvc", "repro")
    assert first.returncode == 0, first.stdout
    work = checkout / "work/shapes"
    assert sorted(path.name for path in (work / "pretext/trained").iterdir()) == [
        "epoch0.safetensors",
        "epoch2.safetensors",
        "history.csv",
    ]
    for fold in ("0", "1", "all"):
        assert f"fold {fold}: epoch 2, stage " in first.stdout
        assert json.loads((work / f"pretext/fold{fold}/choice.json").read_text())["loaded_up_to"] == "last"
    assert (checkout / "submissions/shapes/submission.csv").exists()
    assert running(run(checkout, "dvc", "repro").stdout) == []

    write(checkout, ROTATION)
    trained = answer(checkout, "python", "-m", "pipelines", "train", "--slots", "2")
    assert {f"pretext-fold{fold}.log" for fold in (0, 1, "all")} < {path.name for path in (work / "logs").iterdir()}
    assert len(trained["trained"]) == 3
    assert [path.name for path in (work / "pretext/trained").iterdir()] == ["choice.json"]
    assert len(pd.read_csv(work / "pretext/fold1/history.csv")) == 2
    assert running(run(checkout, "dvc", "repro").stdout) == ["ensemble", "clip", "format"]

    write(checkout, {"kind": "none"})
    without = run(checkout, "dvc", "repro")
    assert {"pretext", "pretext_choice@0", "train@0-0"} & {*running(without.stdout)}
    assert [path.name for path in (work / "pretext/fold0").iterdir()] == ["choice.json"]


def test_a_study_compares_scratch_with_the_pretext(checkout: Path) -> None:
    """What the project has is taken from there; of the cells that share a pretext it is learned once for each fold."""
    write(checkout, {"kind": "none"})
    study = {
        "base": "params.yaml",
        "changes": {"folds": [0, 1], "train.epochs": 1, "train.soup": {"kind": "none"}, "predict.views": ["identity"]},
        "axes": [
            {"train.epochs": [1, 2]},
            {"start": {"scratch": {}, "rotation": {"pretext": ROTATION}}},
        ],
        "leave_out": [],
        "against": {"start": "scratch"},
    }
    (checkout / "compared.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    ended = run(checkout, "python", "-m", "pipelines", "study", "compared.yaml")
    assert ended.returncode == 0, ended.stdout
    folder = checkout / "work/shapes/studies/compared"
    shared = sorted(path.name.partition("-")[0] for path in (folder / "shared").iterdir())
    assert shared.count("pretext_choice") == 1
    gains = pd.read_csv(folder / "gains.csv")
    assert gains["compared_with"].dropna().tolist() == [f"train.epochs: {epochs}, start: scratch" for epochs in (1, 2)]
    assert gains["pairs"].dropna().tolist() == [2, 2]
    maps = [pd.read_csv(path) for path in (folder / "cells").rglob("last.tsne.csv")]
    assert len(maps) == 2, "of the base, and of the one that is compared with it"
    assert maps[0][["row_id", "class"]].equals(maps[1][["row_id", "class"]])
    page = (folder / "page.html").read_text()
    assert len(re.findall(r'{"class": "[a-z]+", "x": -?[0-9.]+, "y": -?[0-9.]+}', page)) == 2 * len(maps[0])
    (choices,) = (folder / "shared").glob("pretext_choice-*/work/shapes/pretext")
    assert {"fold0", "fold1"} <= {path.name for path in choices.iterdir()}
    assert len(list((folder / "cells").glob("*/work/shapes/train/fold*/seed0/model.safetensors"))) == 8
