"""A competition's project with a fold that is held back, the same pictures as files, and the rivals' environment."""

import contextlib
import importlib.metadata
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.rivals.ours import changed, export, first_fold, labels
from tests.end_to_end.checkout import commit, copy_checkout

SLUG = "board"
MODEL = "tf_efficientnet_lite0"
SPEED_IMAGES = 128
"""So many are learned in each turn in which speed is measured."""


def make_project(
    folder: Path,
    board: Path,
    weights: Path,
    group: str | None,
    symmetries: Sequence[str],
    folds: int,
    side: int | None,
) -> None:
    """Of the zip `board`: its card, the experiment that the doctor writes, and all stages before training. The last of
    the `folds` is held back: studies judge the first. Images of `side` pixels; None for the doctor's choice."""
    folder.mkdir(parents=True)
    copy_checkout(folder)
    call(folder, "new", SLUG, "--from", str(board))
    card_file = folder / "pipelines/competitions" / f"{SLUG}.yaml"
    card = yaml.safe_load(card_file.read_text())
    card["target"]["group"] = group
    card_file.write_text(yaml.safe_dump(card | {"symmetries": [*symmetries]}, sort_keys=False))
    call(folder, "doctor", "--competition", SLUG, "--write", "params.yaml", "--model", MODEL, "--epochs", "3")
    params = yaml.safe_load((folder / "params.yaml").read_text())
    (folder / "input/weights" / weights.name).write_bytes(weights.read_bytes())
    params["weights"] = {"kind": "file", "path": weights.name, "match": "order"}
    params |= {"folds": [folds - 1], "split": params["split"] | {"count": folds}}
    if side is not None:
        params["prepare"] |= {"height_pixels": side, "width_pixels": side}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    commit(folder, "the doctor's first experiment")
    for words in (
        ("repro", "check"),
        ("commit", "-f", "download"),
        ("repro", "dry_run", f"pretext_choice@{folds - 1}"),
    ):
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=folder, check=True)


def call(folder: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "pipelines", *words], cwd=folder, check=True)


def export_pictures(project: Path, pictures: Path) -> None:
    """All pixels as files, fewer of them for the measure of speed, and the held-back rows' labels."""
    with contextlib.chdir(project):
        fold = first_fold(changed({}))
    export(pictures / "all", fold, fold.training)
    export(pictures / "speed", fold, fold.training.at(np.arange(SPEED_IMAGES)))
    (pictures / "labels.json").write_text(json.dumps(labels(fold.validation).tolist()))


def make_environment(folder: Path) -> None:
    """fastai, with the torch and timm that are here."""
    same = [
        f"{name}=={importlib.metadata.version(name).partition('+')[0]}" for name in ("torch", "torchvision", "timm")
    ]
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "fastai", *same], check=True)


def draw_unseen(board: Path, target: Path, rows: int, seen: Path) -> None:
    """A smaller board: `rows` train rows of `board` that `seen`, another zip of its kind, lacks, and few test rows."""
    with zipfile.ZipFile(board) as archive, zipfile.ZipFile(seen) as other, zipfile.ZipFile(target, "w") as drawn:
        files = set(archive.namelist()) - set(other.namelist())
        for name in (name for name in archive.namelist() if name.endswith(".csv")):
            part = "test" if "sample" in name else "train"
            table = pd.read_csv(archive.open(name), dtype={"id": str})
            table = table[[f"{part}/{row}.jpg" in files for row in table["id"]]]
            table = table.sample(rows if part == "train" else 10, random_state=0)
            drawn.writestr(name, table.to_csv(index=False))
            for row in table["id"]:
                drawn.writestr(f"{part}/{row}.jpg", archive.read(f"{part}/{row}.jpg"))


def one_thread() -> dict[str, str]:
    """The environment of every contender."""
    alone = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**os.environ, **alone, "NO_ALBUMENTATIONS_UPDATE": "1", "HF_HUB_OFFLINE": "1"}
