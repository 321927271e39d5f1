"""What training folds side by side costs: beyond the slowest fold, and beyond as many rounds as two slots need.

python -m benchmarks.fan_out
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean

import yaml

from benchmarks.figures import Figure
from tests.end_to_end.checkout import answer, copy_checkout, run

SLOTS, FOLDS, EPOCHS = 2, 5, 24
"""An item then takes ten times as long as DVC and the imports."""
BEFORE = ("dvc", "repro", "split", "dry_run", "pretext_choice")
TRAIN = (sys.executable, "-m", "pipelines", "train", "--slots", str(SLOTS))


def measure() -> list[Figure]:
    """Each slot has half of the cores. Only trainings and predictions are timed: what they read is there."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder))
        set_to(checkout, range(SLOTS))
        whole, of_two = trained(checkout)
        alone = stages_alone(checkout, range(SLOTS))
        set_to(checkout, range(SLOTS, SLOTS + FOLDS))
        rounds, items = trained(checkout)
    ratio = rounds / (-(-FOLDS // SLOTS) * mean(items[: FOLDS - 1]))
    digits = f"the digits, {EPOCHS} epochs, {SLOTS} slots; wall clock"
    return [
        Figure(
            "`foldline train` beyond its slowest item", whole - max(of_two), 10, False, "s", f"{digits}; {SLOTS} folds"
        ),
        Figure(
            "`foldline train` beyond its slowest fold",
            whole - alone,
            10,
            False,
            "s",
            f"{digits}; {SLOTS} folds, less both stages of both by hand at once, each of which imports torch",
        ),
        Figure(
            f"{FOLDS} folds in {SLOTS} equal slots / three rounds, time",
            ratio,
            1.1,
            False,
            "",
            f"{digits}; a round: the mean of the folds that shared the machine",
        ),
    ]


def set_to(checkout: Path, folds: Sequence[int]) -> None:
    """These of ten folds, with all that they read; which are listed makes no other stale."""
    params = yaml.safe_load((checkout / "params.yaml").read_text())
    params["folds"], params["split"]["count"], params["train"]["epochs"] = [*folds], 2 * FOLDS, EPOCHS
    (checkout / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    ran(checkout, *BEFORE)


def trained(checkout: Path) -> tuple[float, list[float]]:
    """Seconds of the command, and of its items in the order in which they ended."""
    begun = time.perf_counter()
    said = answer(checkout, *TRAIN)
    return time.perf_counter() - begun, [one["seconds"] for one in said["trained"]]


def stages_alone(checkout: Path, folds: Sequence[int]) -> float:
    """Seconds until `train` and `predict` of all these folds have run at once, with neither queue nor DVC. They write
    the same bytes again."""

    def both(fold: int) -> None:
        threads = str(max(len(os.sched_getaffinity(0)) // len(folds), 1))
        for stage in ("train", "predict"):
            words = (sys.executable, "-m", f"pipelines.{stage}", "--fold", str(fold), "--seed", "0")
            ran(checkout, *words, OMP_NUM_THREADS=threads)

    begun = time.perf_counter()
    with ThreadPoolExecutor(len(folds)) as pool:
        list(pool.map(both, folds))
    return time.perf_counter() - begun


def ran(checkout: Path, *command: str, **more: str) -> None:
    ended = run(checkout, *command, **more)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{ended.stdout}")


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
