"""What the report of a large run costs: seconds, and how large its page is.

python -m benchmarks.report
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml

from benchmarks.figures import Figure
from foldline.card.activations import Softmax
from foldline.files.places import Places
from foldline.files.rows import write_rows, write_targets
from foldline.folds.folds_table import write_folds
from foldline.params.section import parse
from foldline.pixels.cache import PixelsKey, write_images, write_pixels_key
from foldline.predicting.logits import Logits
from foldline.training.history import COLUMNS, write_history
from foldline.training.models import Architecture, build_model, save_model
from tests.classes import write_classes
from tests.ensembling.written import write_logits
from tests.training.small import MODEL

ROWS, TESTS, FOLDS, SIDE, EPOCHS = 10_000, 2_000, 5, 96, 20
CLASSES = tuple(f"class {number:03}" for number in range(100))
CARD = {
    "slug": "large",
    "title": "large",
    "host": {"kind": "kaggle"},
    "layout": {"aggregate": "mean"},
    "target": {"kind": "multiclass", "column": "label", "group": None},
    "metric": {"kind": "log_loss"},
    "submission": {"kind": "class_probabilities", "sample": "sample.csv", "id": "id", "extra_columns": "ignored"},
}
PARAMS = {
    "competition": "large",
    "folds": list(range(FOLDS)),
    "train": {"seeds": [0]},
    "predict": {"views": ["identity"], "precision": "float32", "batch_size": 64, "workers": 0},
    "ensemble": {
        "views": "all",
        "average": "probabilities",
        "method": {"kind": "equal"},
        "temperature": {"kind": "none"},
    },
    "clip": {"bounds": {"kind": "none"}, "rule": "default"},
}


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        places = draw_run(root)
        for stage in ("ensemble", "clip"):
            _run(root, stage)
        begun = time.perf_counter()
        _run(root, "report")
        seconds, megabytes = time.perf_counter() - begun, (root / places.report).stat().st_size / 1e6
    how = f"{ROWS:,} rows of {len(CLASSES)} classes, {SIDE} x {SIDE} pixels, {FOLDS} folds of test_resnet, on CPUs"
    return [
        Figure("The report of a large run", seconds, 60, False, "s", f"{how}; wall clock"),
        Figure("its page", megabytes, 8, False, "MB", how),
    ]


def draw_run(root: Path) -> Places:
    """What `train` and `predict` leave, of models that know the classes but for much noise."""
    places, generator = Places("large", root), np.random.default_rng(0)
    places.work.mkdir(parents=True)
    card = root / "pipelines/competitions/large.yaml"
    card.parent.mkdir(parents=True)
    card.write_text(yaml.safe_dump(CARD))
    (root / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    ids = [f"{number:06}" for number in range(ROWS + TESTS)]
    targets, folds = generator.integers(len(CLASSES), size=ROWS), np.arange(ROWS) % FOLDS
    parts = ["train"] * ROWS + ["test"] * TESTS
    write_rows(places.rows, pd.DataFrame({"part": parts, "row_id": ids, "group": pd.array([None] * len(ids), "str")}))
    write_targets(places.targets, targets)
    write_classes(places.classes, CLASSES)
    write_folds(places.folds, pd.DataFrame({"row_id": ids[:ROWS], "fold": folds, "cluster": np.arange(ROWS)}))
    draw_images(places, ids, generator)
    for fold in range(FOLDS):
        mine = np.flatnonzero(folds == fold)
        truths = np.concatenate([targets[mine], generator.integers(len(CLASSES), size=TESTS)])
        logits = generator.normal(size=(len(truths), 1, len(CLASSES))).astype(np.float32)
        logits[np.arange(len(truths)), 0, truths] += generator.normal(3, 2, len(truths))
        held_out, of_test = tuple(ids[row] for row in mine), tuple(ids[ROWS:])
        axes = (held_out, of_test, ("identity",), CLASSES, Softmax(kind="softmax"))
        draw_model(places, fold, Logits(logits[: len(mine)], logits[len(mine) :], *axes))
    return places


def draw_images(places: Places, ids: list[str], generator: np.random.Generator) -> None:
    """Broad coloured noise: hardly smaller than photographs, once encoded."""
    numbers, sizes = np.arange(len(ids)), {"height": SIDE, "width": SIDE}
    hashes = {"exact_hash": [f"{number:032x}" for number in numbers], "perceptual_hash": numbers}
    images = pd.DataFrame({"row": numbers, "path": ids, "cache_index": numbers, **sizes, **hashes})
    write_images(places.images, images.assign(error=pd.array([None] * len(ids), "str")))
    kind = {"dtype": "uint8", "resize": "squash", "range": None, "jpeg_quality": None}
    key = parse({"key": "0" * 64, "count": len(ids), "channels": 3, **sizes, **kind}, PixelsKey, "a cache")
    write_pixels_key(places.pixels, key)
    places.pixel_caches.mkdir()
    pixels = np.lib.format.open_memmap(places.pixel_caches / f"{key.key}.npy", "w+", np.uint8, key.shape)
    for number in numbers:
        noise = generator.integers(0, 256, (24, 24, 3), dtype=np.uint8)
        pixels[number] = noise.repeat(4, axis=0).repeat(4, axis=1)
    pixels.flush()


def draw_model(places: Places, fold: int, logits: Logits) -> None:
    write_logits(places.predicted(fold, 0), logits)
    shape = {
        "channels": 3,
        "height": SIDE,
        "width": SIDE,
        "outputs": len(CLASSES),
        "activation": "softmax",
        "tabular": None,
    }
    torch.manual_seed(fold)
    trained = places.trained(fold, 0)
    trained.mkdir(parents=True)
    save_model(trained / "model.safetensors", build_model(parse({"model": MODEL, **shape}, Architecture, "a model")))
    history = pd.DataFrame(np.full((EPOCHS, len(COLUMNS)), 0.5), columns=[*COLUMNS])
    write_history(trained / "history.csv", history.assign(epoch=np.arange(1, EPOCHS + 1)))


def _run(root: Path, script: str) -> None:
    ended = subprocess.run([sys.executable, "-m", f"pipelines.{script}"], cwd=root, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"{script} failed:\n{ended.stdout}{ended.stderr}")


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
