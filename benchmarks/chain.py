"""The embedded competition from download to score, what of it is not the model's, and a `dvc repro` with nothing to do.

python -m benchmarks.chain
"""

import ctypes
import json
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from tests.end_to_end.checkout import copy_checkout, run

PR_SET_CHILD_SUBREAPER = 36
SUBMISSION = ("dvc", "repro", "submissions/dvc.yaml")
NOTHING_TO_DO = ("dvc", "repro")
EPOCHS = "  epochs: 6\n"
"""Of the demo."""


@dataclass(frozen=True)
class Cost:
    seconds: float
    """By the clock."""
    processor_seconds: float
    """Of the command and all that it started, whether or not it waited for it: stages are forks of another process."""


def measure(no_ops: int = 5) -> list[Figure]:
    """In fresh copies of the checkout: what `make demo` does once everything is installed, and the same with twice as
    many epochs, which tells what an epoch takes."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder))
        demo = cost(checkout, *SUBMISSION)
        metrics = json.loads((checkout / "work/digits/score.json").read_text())
        nothing = median([cost(checkout, *NOTHING_TO_DO).seconds for _ in range(no_ops)])
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder))
        params = (checkout / "params.yaml").read_text()
        assert params.count(EPOCHS) == 1
        (checkout / "params.yaml").write_text(params.replace(EPOCHS, "  epochs: 12\n"))
        twice = cost(checkout, *SUBMISSION)
    share = 1 - (twice.processor_seconds - demo.processor_seconds) / demo.processor_seconds
    how = "of the processor's time; what 6 more epochs take is the model's"
    return [
        Figure("`make demo`, download to score", demo.seconds, 60, False, "s", "wall clock, once installed"),
        Figure("its share that is not the model's: imports, DVC, launching", share, 0.35, False, "", how),
        Figure("its out-of-fold accuracy", metrics["top_1_accuracy"], 0.97, True, "", "digits, 3 folds"),
        Figure("`dvc repro` with nothing to do", nothing, 3, False, "s", f"median of {no_ops}"),
    ]


def cost(checkout: Path, *command: str) -> Cost:
    """In a process of its own, whose children are these alone."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_cost, checkout, command).result()


def _cost(checkout: Path, command: tuple[str, ...]) -> Cost:
    # Whoever loses its parent below becomes this process's child, and is counted when it has ended.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    start = time.perf_counter()
    result = run(checkout, *command)
    seconds = time.perf_counter() - start
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stdout}")
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(seconds, used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
