"""The embedded competition from download to score, and a `dvc repro` that finds nothing to do.

python -m benchmarks.chain
"""

import json
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from tests.end_to_end.checkout import copy_checkout, run


def measure(no_ops: int = 5) -> list[Figure]:
    """In a fresh copy of the checkout: what `make demo` does once everything is installed."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder))
        demo_seconds = _seconds(checkout, "dvc", "repro", "submissions/dvc.yaml")
        metrics = json.loads((checkout / "work/digits/score.json").read_text())
        no_op_seconds = median([_seconds(checkout, "dvc", "repro") for _ in range(no_ops)])
    return [
        Figure("`make demo`, download to score", demo_seconds, 120, False, "s", "wall clock, once installed"),
        Figure("its out-of-fold accuracy", metrics["top_1_accuracy"], 0.97, True, "", "digits, 3 folds"),
        Figure("`dvc repro` with nothing to do", no_op_seconds, 3, False, "s", f"median of {no_ops}"),
    ]


def _seconds(checkout: Path, *command: str) -> float:
    start = time.perf_counter()
    result = run(checkout, *command)
    seconds = time.perf_counter() - start
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stdout}")
    return seconds


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
