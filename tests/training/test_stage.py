"""The stage `train` as DVC runs it: two processes, killed with no chance to clean up, run again."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from foldline.archive.archives import Manifest, write_manifest
from foldline.files.places import ALL_ROWS, Places
from foldline.files.rows import write_rows, write_targets
from foldline.folds.folds_table import write_folds
from foldline.folds.training_table import graded_entries, write_training_table
from foldline.pixels.cache import PixelsKey, write_images, write_pixels_key
from foldline.training.checkpoints import checkpoints_folder
from foldline.training.pretext_marker import write_marker
from foldline.training.weights import NoWeights
from tests.classes import write_classes
from tests.training.small import TRAIN, labels, small_fold, train_section
from tests.training.together import train_together

REPOSITORY = Path(__file__).resolve().parents[2]
EPOCHS = 6


def write_competition(root: Path) -> Places:
    """The 43 images of the small fold as `weights`, `prepare` and `split` would leave them."""
    card = Path("pipelines/competitions/digits.yaml")
    (root / card.parent).mkdir(parents=True)
    shutil.copy(REPOSITORY / card, root / card)
    params = yaml.safe_load((REPOSITORY / "pipelines/recipes/digits.yaml").read_text())
    (root / "params.yaml").write_text(yaml.safe_dump(params | {"train": TRAIN | {"workers": 2, "epochs": EPOCHS}}))
    places, fold = Places("digits", root), small_fold()
    count = len(fold.pixels)
    targets = np.zeros(count, np.int64)
    for samples in (fold.training, fold.validation):
        targets[samples.cache_indices] = labels(samples)
    row_ids = [f"row{number}" for number in range(count)]
    rows = {"part": "train", "row_id": row_ids, "group": None}
    write_rows(places.rows, pd.DataFrame(rows))
    write_targets(places.targets, targets)
    numbers = np.arange(count)
    images = {"row": numbers, "path": row_ids, "cache_index": numbers, "height": 16, "width": 16}
    unused = {"exact_hash": "", "perceptual_hash": 0, "error": None}
    write_images(places.images, pd.DataFrame(images | unused))
    write_classes(places.classes, ("class0", "class1", "class2"))
    write_folds(places.folds, pd.DataFrame({"row_id": row_ids, "fold": numbers % 3, "cluster": numbers}))
    write_training_table(places.training, graded_entries(numbers, targets, 3))
    write_manifest(places.manifest, Manifest(competition="digits", files=()))
    sizes = dict(zip(("count", "height", "width", "channels"), fold.pixels.shape, strict=True))
    key = PixelsKey(key="0" * 64, dtype="uint8", resize="squash", range=None, jpeg_quality=None, **sizes)
    write_pixels_key(places.pixels, key)
    places.pixel_caches.mkdir()
    np.save(places.pixel_caches / f"{key.key}.npy", fold.pixels)
    for name in (0, 1, 2, *ALL_ROWS):
        write_marker(places.pretext_choice(name))
    NoWeights(kind="none").write(places.weights, TRAIN["model"]["name"], places.weights)
    return places


def stage(root: Path, *command: str, processes: str = "2") -> subprocess.Popen:
    environment = os.environ | {"FOLDLINE_PROCESSES": processes, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen, code: int = 0) -> str:
    out, err = process.communicate()
    assert process.returncode == code, out + err
    return out + err


def test_killed_and_run_again_two_processes_end_as_if_never_stopped(tmp_path: Path) -> None:
    """As two processes that were forked here, never stopped, and without loader processes."""
    places = write_competition(tmp_path)
    checkpoints = checkpoints_folder(places, 0, 1)
    first = stage(tmp_path, "pipelines.train", "--fold", "0", "--seed", "1")
    while not list(checkpoints.glob("*/*.pt")):
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    os.kill(int(checkpoints.with_suffix(".pid").read_text()), signal.SIGKILL)
    assert "process 0 ended by SIGKILL" in finish(first, code=1)
    assert not places.trained(0, 1).exists()

    second = finish(stage(tmp_path, "pipelines.train", "--fold", "0", "--seed", "1"))
    assert "fold 0, seed 1: resuming from checkpoint (epoch " in second
    assert f"fold 0, seed 1  epoch {EPOCHS}/{EPOCHS}  train " in second
    assert not checkpoints.exists()

    never_stopped = train_section(epochs=EPOCHS, workers=0)
    train_together(2, dataclasses.replace(small_fold(), name=0, seed=1), never_stopped, tmp_path / "reference")
    for name in ("model.safetensors", "history.csv", "metrics.json"):
        reference = tmp_path / "reference" / "process0" / name
        assert (places.trained(0, 1) / name).read_bytes() == reference.read_bytes()
