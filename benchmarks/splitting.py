"""Folds of a million rows in a hundred thousand groups: time, and the process's peak of memory.

python -m benchmarks.splitting
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.figures import Figure
from foldline.card.targets.target_kind import Strata
from foldline.folds.assignment import make_folds
from foldline.folds.splitting import Split

ROWS, GROUPS, CLASSES, LABELS = 1_000_000, 100_000, 120, 20
SPLIT = Split(count=5, seed=0, near_duplicates="same_fold")
GIBIBYTE = 2**30


def measure() -> list[Figure]:
    """Each kind of target in a process of its own, whose peak is then its own."""
    figures = []
    for name, draw in (("classes", draw_classes), ("sets of labels", draw_labels)):
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            seconds, peak_bytes = pool.submit(split, draw).result()
        how = f"{ROWS:,} rows, {GROUPS:,} groups, {name}, one process"
        figures.append(Figure(f"Splitting by {name}: time", seconds, 60, False, "s", how))
        figures.append(Figure("the same: peak memory", peak_bytes / GIBIBYTE, 4, False, "GiB", how))
    return figures


def draw_classes(generator: np.random.Generator) -> Strata:
    return Strata(generator.integers(0, CLASSES, ROWS), tuple(f"class {number}" for number in range(CLASSES)))


def draw_labels(generator: np.random.Generator) -> Strata:
    frequencies = np.geomspace(0.001, 0.3, LABELS)
    return Strata(generator.random((ROWS, LABELS)) < frequencies, tuple(f"label {number}" for number in range(LABELS)))


def split(draw: Callable[[np.random.Generator], Strata]) -> tuple[float, int]:
    """Seconds of the assignment alone, and the peak of resident memory in bytes, the drawn tables included."""
    generator = np.random.default_rng(0)
    ids = pd.Series(np.arange(ROWS).astype(str), dtype="str")
    groups = pd.Series(generator.integers(0, GROUPS, ROWS).astype(str), dtype="str")
    rows = pd.DataFrame({"part": "train", "row_id": ids, "group": groups})
    images = pd.DataFrame({"row": np.arange(ROWS), "cache_index": np.arange(ROWS)})
    strata, pairs = draw(generator), pd.DataFrame({"first": [], "second": []}, dtype="int64")
    start = time.perf_counter()
    make_folds(rows, strata, images, pairs, SPLIT)
    seconds = time.perf_counter() - start
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return seconds, int(line.split()[1]) * 1024


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
