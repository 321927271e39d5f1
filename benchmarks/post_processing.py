"""The folds' predictions through temperature, ensemble and clip: peak memory against one member's array, and time.

python -m benchmarks.post_processing --rows 1000000
"""

import argparse
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from foldline.card.activations import Softmax
from foldline.ensembling.bounds import FittedBounds
from foldline.ensembling.clipping import Clip, write_clipped
from foldline.ensembling.ensembling import Ensemble, ensemble_plan, write_ensemble
from foldline.ensembling.forms import Distribution
from foldline.ensembling.members import Predicted, member
from foldline.ensembling.methods import Equal
from foldline.ensembling.predictions import read_predictions
from foldline.ensembling.row_sources import Stored, StoredRows, fit_steps
from foldline.ensembling.scales import stored_scale
from foldline.ensembling.scoring import Scorer
from foldline.ensembling.steps import Context
from foldline.ensembling.temperature import FittedTemperature
from foldline.ensembling.view_averages import OfProbabilities
from foldline.ensembling.weight_fitting import least_on_simplex, log_loss_curve
from foldline.files.arrays import put, row_blocks
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.kinds.of_probabilities import LogLoss
from foldline.predicting.logits import create_logits, read_logits
from foldline.predicting.predicted_rows import ExpectedRows

CLASSES = tuple(f"class {number}" for number in range(120))
FACT = LogLoss(kind="log_loss")
RULE = MostProbable(kind="most_probable")
ENSEMBLE = Ensemble(
    views="all",
    average=OfProbabilities(kind="probabilities"),
    method=Equal(kind="equal"),
    temperature=FittedTemperature(kind="fitted", softening="kept"),
)
CLIP = Clip(bounds=FittedBounds(kind="fitted"), rule="default")
WEIGHED_ROWS, WEIGHED_MEMBERS = 50_000, 10


@dataclass(frozen=True)
class Size:
    rows: int
    """Out of fold, and test rows as well."""
    members: int
    """Folds: each has its share of the former and all of the latter."""
    views: int

    def __str__(self) -> str:
        views = f" x {self.views} views" if self.views > 1 else ""
        return f"{self.rows:,} x {len(CLASSES)} x {self.members}{views}, one process"


@dataclass(frozen=True)
class Cost:
    ensemble_seconds: float
    """Of the processor, as is the next."""
    clip_seconds: float
    seconds: float
    """By the clock, of both."""
    peak_bytes: int


USUAL = Size(40_000, 3, 2)


def measure(rows: int = 1_000_000) -> list[Figure]:
    small, middle, large = (measured(Size(count, 5, 1)) for count in (rows // 4, rows // 2, rows))
    how, usual = str(Size(rows, 5, 1)), measured(USUAL)
    growth = (large.seconds - middle.seconds) / max(2 * (middle.seconds - small.seconds), 1e-9)
    return [
        Figure("Temperature and ensemble: processor time", usual.ensemble_seconds, 6, False, "s", str(USUAL)),
        Figure("Clip: processor time", usual.clip_seconds, 6, False, "s", str(USUAL)),
        Figure(
            "Temperature, ensemble and clip: peak memory / a member's float32 array",
            large.peak_bytes / (rows * len(CLASSES) * 4),
            3,
            False,
            "",
            how,
        ),
        Figure("the same: time", large.seconds, 300, False, "s", how),
        Figure(
            "the same: time per added row, second half / second quarter",
            growth,
            1.25,
            False,
            "",
            "three sizes, linear: 1",
        ),
        Figure(
            "Convex combination",
            weigh(),
            20,
            False,
            "s",
            f"{WEIGHED_ROWS:,} x {len(CLASSES)} x {WEIGHED_MEMBERS}, dense",
        ),
    ]


def measured(size: Size) -> Cost:
    """In a process of its own: what drawing needs is none of the figure."""
    with tempfile.TemporaryDirectory() as folder:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            pool.submit(draw_members, Path(folder), size).result()
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return pool.submit(post_process, Path(folder), size).result()


def draw_members(folder: Path, size: Size) -> None:
    generator = np.random.default_rng(0)
    for fold in range(size.members):
        (folder / f"fold{fold}").mkdir()
        ids = [str(row) for row in range(fold, size.rows, size.members)]
        tests = [str(row) for row in range(size.rows)]
        views = [f"view {number}" for number in range(size.views)]
        logits = create_logits(folder / f"fold{fold}", ids, tests, views, CLASSES, Softmax(kind="softmax"))
        for part in (logits.validation, logits.test):
            for block in row_blocks(part.shape):
                put(part, block, generator.normal(scale=3, size=part[block].shape).astype(np.float32))


def post_process(folder: Path, size: Size) -> Cost:
    start, start_of_ensemble, rows = time.perf_counter(), time.process_time(), size.rows
    ids, clusters = tuple(str(row) for row in range(rows)), np.arange(rows)
    expected, targets = ExpectedRows(ids, np.arange(rows) % size.members, clusters, ids), np.arange(rows) % len(CLASSES)
    (folder / "ensemble").mkdir()
    scorer = Scorer(FACT, RULE)
    predicted = read_members(folder, size, expected, targets)
    plan = ensemble_plan(ENSEMBLE, predicted, scorer)
    chain = fit_steps(plan.steps, plan.source, "ensemble")
    write_ensemble(folder / "ensemble", plan, predicted, chain)
    start_of_clip = time.process_time()
    means = read_predictions(folder / "ensemble")
    context = Context(stored_scale(Distribution(kind="distribution"), len(CLASSES)), scorer, len(CLASSES))
    steps, left_out = CLIP.steps(context, targets)
    source = StoredRows(targets, means.folds, clusters, (Stored(means.out_of_fold),), (Stored(means.test),))
    write_clipped(folder / "clip", means, source, fit_steps(steps, source, "clip"), scorer, left_out)
    end = time.process_time()
    return Cost(start_of_clip - start_of_ensemble, end - start_of_clip, time.perf_counter() - start, _peak_bytes())


def read_members(folder: Path, size: Size, expected: ExpectedRows, targets: np.ndarray) -> Predicted:
    logits = [read_logits(folder / f"fold{fold}") for fold in range(size.members)]
    members = [member(fold, one, expected, CLASSES, f"fold {fold}") for fold, one in enumerate(logits)]
    return Predicted(members, ("seed 0",), logits[0].views, Softmax(kind="softmax"), expected, targets, CLASSES)


def weigh() -> float:
    """Seconds from the members' dense predictions to the best convex combination."""
    generator = np.random.default_rng(0)
    targets = generator.integers(len(CLASSES), size=WEIGHED_ROWS)
    members = [generator.random((WEIGHED_ROWS, len(CLASSES)), np.float32) + 0.01 for _ in range(WEIGHED_MEMBERS)]
    start = time.perf_counter()
    of_truth = [one[np.arange(WEIGHED_ROWS), targets] / one.sum(axis=1) for one in members]
    curve = log_loss_curve(np.stack(of_truth, axis=1).astype(np.float64), np.full(WEIGHED_ROWS, 1 / WEIGHED_ROWS))
    least_on_simplex(curve, WEIGHED_MEMBERS)
    return time.perf_counter() - start


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
