"""What grows with the images, the trainings and the devices, for docs/scaling.md: tables, the cache, DVC's own time.

Processor seconds of one process, which a busy machine changes little.

python -m benchmarks.scaling
"""

import hashlib
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import yaml

from benchmarks.images import built, drawn, jpeg, one_thread
from foldline.files.rows import read_rows, read_targets, write_rows, write_targets
from foldline.folds.folds_table import read_folds, write_folds
from foldline.folds.training_table import (
    graded_entries,
    read_training_table,
    soft_targets,
    write_training_table,
)
from foldline.pixels.cache import read_images, write_images
from foldline.pixels.resizing import PixelForm
from foldline.training.fold_samples import split_samples
from tests.end_to_end.checkout import copy_checkout, run

ROWS = (100_000, 1_000_000)
CLASSES, FOLDS = 1000, 5
SEEDS = (1, 8, 32)
"""For each fold: 5, 40 and 160 trainings."""
IMAGES, SIDE = 300, 224
HASHED_BYTES = 1 << 28
TABLES = ("rows.parquet", "images.parquet", "targets.npy", "folds.csv", "training.parquet")


@dataclass(frozen=True)
class TableCost:
    rows: int
    stored_bytes: dict[str, int]
    read_seconds: float
    """Of the processor, for all that a training reads of the tables before its first step."""
    kept_bytes: int
    """By how much the process is larger afterwards, and at its peak."""
    peak_bytes: int


def main() -> None:
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            write_tables(Path(folder), rows)
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                cost = pool.submit(read_tables, Path(folder), rows).result()
        sizes = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in cost.stored_bytes.items())
        kept, peak = cost.kept_bytes / 1e9, cost.peak_bytes / 1e9
        print(f"{rows:,} rows: read in {cost.read_seconds:.1f} s, {kept:.2f} GB kept, {peak:.2f} GB at most; {sizes}")
    files = [jpeg(drawn(seed)) for seed in range(IMAGES)]
    with one_thread():
        start = time.process_time()
        built(files, PixelForm(SIDE, SIDE, 3, "squash"))
        print(
            f"cache: {(time.process_time() - start) / IMAGES * 1000:.2f} ms of the processor per image of {SIDE} pixels"
        )
    content, start = os.urandom(HASHED_BYTES), time.process_time()
    hashlib.md5(content, usedforsecurity=False)
    print(f"MD5, by which DVC knows files: {HASHED_BYTES / (time.process_time() - start) / 1e9:.2f} GB/s")
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder))
        for seeds in SEEDS:
            one, all_of_them = (dvc_seconds(checkout, seeds, *stages) for stages in (["train@0-0"], []))
            print(
                f"{FOLDS * seeds} trainings: DVC takes {one:.1f} s to look at one of them, {all_of_them:.1f} s at all"
            )


def write_tables(folder: Path, count: int) -> None:
    """As many train rows of one image each, in the form of a competition of files named by numbers."""
    rng = np.random.default_rng(0)
    ids = pd.Series(np.arange(count), dtype="str").str.zfill(12)
    write_rows(folder / "rows.parquet", pd.DataFrame({"part": "train", "row_id": ids, "group": None}))
    labels = rng.integers(0, CLASSES, count)
    write_targets(folder / "targets.npy", labels)
    images = {"row": np.arange(count), "path": "train.zip/" + ids + ".jpg", "cache_index": np.arange(count)}
    hashes = {"exact_hash": pd.Series([rng.bytes(16).hex() for _ in range(count)]), "error": None}
    sizes = {"height": 400, "width": 533, "perceptual_hash": rng.integers(-(2**63), 2**63, count)}
    write_images(folder / "images.parquet", pd.DataFrame({**images, **hashes, **sizes}))
    folds = pd.DataFrame({"row_id": ids, "fold": rng.permutation(count) % FOLDS, "cluster": np.arange(count)})
    write_folds(folder / "folds.csv", folds)
    write_training_table(folder / "training.parquet", graded_entries(np.arange(count), labels, CLASSES))


def read_tables(folder: Path, count: int) -> TableCost:
    """As `read_fold` in pipelines/fold_training.py."""
    process = psutil.Process()
    before, start = process.memory_info().rss, time.process_time()
    rows, images = read_rows(folder / "rows.parquet"), read_images(folder / "images.parquet")
    names = [str(label) for label in range(CLASSES)]
    graded = soft_targets(read_targets(folder / "targets.npy", rows, names), CLASSES)
    table = read_training_table(folder / "training.parquet", count, CLASSES)
    parts = split_samples(rows, images, read_folds(folder / "folds.csv"), graded, table, 0)
    seconds = time.process_time() - start
    assert sum(map(len, parts)) == count
    del rows, images, graded, table
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    kept, peak = process.memory_info().rss - before, int(line.split()[1]) * 1024 - before
    sizes = {name: (folder / name).stat().st_size for name in TABLES}
    return TableCost(count, sizes, seconds, kept, peak)


def dvc_seconds(checkout: Path, seeds: int, *stages: str) -> float:
    """Of the processor, for `dvc status` of an experiment with so many seeds for each fold."""
    params = yaml.safe_load((checkout / "params.yaml").read_text())
    params["folds"], params["split"]["count"] = list(range(FOLDS)), FOLDS
    params["train"]["seeds"] = list(range(seeds))
    (checkout / "params.yaml").write_text(yaml.safe_dump(params))
    before = os.times()
    done = run(checkout, "dvc", "status", *stages)
    after = os.times()
    if done.returncode:
        raise RuntimeError(done.stdout)
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    main()
