"""The embedded competition from download to score, what of it is not the model's, and a `dvc repro` with nothing to do.

python -m benchmarks.chain
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import psutil

from benchmarks.figures import Figure
from tests.end_to_end.checkout import copy_checkout, run

PR_SET_CHILD_SUBREAPER = 36
SUBMISSION = ("dvc", "repro", "submissions/dvc.yaml")
NOTHING_TO_DO = ("dvc", "repro")
EPOCHS = "  epochs: 6\n"
"""Of the demo."""

SERVER = "foldline.local_kaggle.server"
IMPORTED_LATER = {"pipelines.download": SERVER, "pipelines.submit": SERVER}
"""What a script imports while it runs."""


@dataclass(frozen=True)
class Cost:
    seconds: float
    """By the clock."""
    processor_seconds: float
    """Of the command and all that it started, whether or not it waited for it: stages are forks of another process."""
    by_process: list[tuple[tuple[str, ...], float]]
    """Command line and processor seconds of each, itself alone, in the order of their starts."""


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
    launching = _launching(demo.by_process) / demo.processor_seconds
    launched = "of the processor's time: DVC itself, the process that stages are forks of, what other processes import"
    return [
        Figure("`make demo`, download to score", demo.seconds, 60, False, "s", "wall clock, once installed"),
        Figure("its share that is not the model's: imports, DVC, launching", share, 0.35, False, "", how),
        Figure("imports, DVC and launching alone", launching, 0.35, False, "", launched),
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
    seen: dict[tuple[float, int], tuple[tuple[str, ...], float]] = {}
    ended = threading.Event()
    watching = threading.Thread(target=_watch, args=(seen, ended))
    watching.start()
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
    ended.set()
    watching.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(seconds, used.ru_utime + used.ru_stime, [seen[process] for process in sorted(seen)])


def _watch(seen: dict[tuple[float, int], tuple[tuple[str, ...], float]], ended: threading.Event) -> None:
    while not ended.wait(0.05):
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error, KeyError), process.oneshot():
                used, one = process.cpu_times(), (process.create_time(), process.pid)
                words = tuple(process.cmdline()) or seen[one][0]  # one that has ended tells its time, but no words
                seen[one] = words, used.user + used.system


def _launching(processes: list[tuple[tuple[str, ...], float]]) -> float:
    """Processor seconds of what only gets work started: all of DVC's and of the stages' server, whose forks do the
    work, and of other modules at most what importing them takes."""
    total, served = 0.0, False
    for words, used in processes:
        module = words[words.index("-m") + 1] if "-m" in words else None
        if module == "pipelines.stage_server" and served:
            continue
        served = served or module == "pipelines.stage_server"
        total += used if module in (None, "pipelines.stage_server") else min(used, _import_seconds(module))
    return total


@cache
def _import_seconds(module: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", f"import {module}, {IMPORTED_LATER.get(module, module)}"], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
