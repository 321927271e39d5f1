"""The folds' predictions through ensemble and clip: peak memory against one member's array, and time.

python -m benchmarks.post_processing --rows 1000000
"""

import argparse
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from foldline.competition.metrics import METRICS
from foldline.config.clip import Bounds
from foldline.predictions.clipping import bounds_for, fill_clipped
from foldline.predictions.coverage import Roster
from foldline.predictions.ensembling import fill_out_of_fold, fill_test, member
from foldline.predictions.scoring import score_folds
from foldline.tables.arrays import put, row_blocks
from foldline.tables.logits import create_logits, read_logits
from foldline.tables.probabilities import create_like, create_probabilities, read_probabilities

CLASSES = tuple(f"class {number}" for number in range(120))
MEMBERS = 5
CLIP = Bounds(kind="bounds", unit="per_class", lower=0.01, upper=100.0)


def measure(rows: int = 1_000_000) -> list[Figure]:
    """`rows` out-of-fold rows and as many test rows, each member with its share of the former and all of the latter."""
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: what drawing needs is none of the figure.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            pool.submit(draw_members, Path(folder), rows).result()
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            seconds, peak_bytes = pool.submit(post_process, Path(folder), rows).result()
    how = f"{rows:,} x {len(CLASSES)} x {MEMBERS}, one process"
    member_bytes = rows * len(CLASSES) * 4
    return [
        Figure(
            "Ensemble and clip: peak memory / a member's float32 array", peak_bytes / member_bytes, 3, False, "", how
        ),
        Figure("the same: time", seconds, 300, False, "s", how),
    ]


def draw_members(folder: Path, rows: int) -> None:
    generator = np.random.default_rng(0)
    for fold in range(MEMBERS):
        (folder / f"fold{fold}").mkdir()
        ids = [str(row) for row in range(fold, rows, MEMBERS)]
        logits = create_logits(folder / f"fold{fold}", ids, [str(row) for row in range(rows)], ["identity"], CLASSES, "softmax")
        for part in (logits.validation, logits.test):
            for block in row_blocks(part.shape):
                put(part, block, generator.normal(scale=3, size=part[block].shape).astype(np.float32))


def post_process(folder: Path, rows: int) -> tuple[float, int]:
    """Seconds, and the process's peak of resident memory in bytes."""
    start = time.perf_counter()
    ids = tuple(str(row) for row in range(rows))
    roster = Roster(ids, np.arange(rows) % MEMBERS, np.arange(rows), ids)
    targets = np.arange(rows) % len(CLASSES)
    members = [member(fold, read_logits(folder / f"fold{fold}"), roster, CLASSES) for fold in range(MEMBERS)]
    for name in ("ensemble", "clip"):
        (folder / name).mkdir()
    means = create_probabilities(folder / "ensemble", ids, ids, roster.folds, CLASSES)
    fill_out_of_fold(means.out_of_fold, members, roster, "probabilities")
    fill_test(means.test, members, "probabilities")
    score_folds(METRICS["log_loss"], targets, means.out_of_fold, roster.folds)
    means = read_probabilities(folder / "ensemble")
    clipped = create_like(means, folder / "clip")
    bounds = bounds_for(CLIP, METRICS["log_loss"], len(CLASSES))
    fill_clipped(clipped.out_of_fold, means.out_of_fold, bounds, "out-of-fold rows")
    fill_clipped(clipped.test, means.test, bounds, "test rows")
    score_folds(METRICS["log_loss"], targets, clipped.out_of_fold, means.folds)
    return time.perf_counter() - start, _peak_bytes()


def _peak_bytes() -> int:
    """Of this process alone: getrusage would count what its parent held when it was started."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="out-of-fold rows, and test rows as well")
    for figure in measure(parser.parse_args().rows):
        print(figure.line)


if __name__ == "__main__":
    main()
