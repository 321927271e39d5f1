"""What a study costs beyond its trainings, and how large its page is.

python -m benchmarks.studies
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from benchmarks.figures import Figure
from foldline.experiment.study import BASE
from foldline.report.study_page import write_study_page
from foldline.report.study_table import Fit, Trained
from foldline.training.history import COLUMNS
from tests.end_to_end.checkout import copy_checkout, run

CELLS = 8
EPOCHS = (1, 3)


def measure() -> list[Figure]:
    seconds = overhead_seconds()
    megabytes = page_megabytes(200, 30)
    how = f"{CELLS} cells of the digits; what {EPOCHS[0]} and {EPOCHS[1]} epochs take, less the epochs; wall clock"
    return [
        Figure("A study's cell beyond its epochs: check, rehearsal, start, files", seconds, 2, False, "s", how),
        Figure("A study's page", megabytes, 3, False, "MB", "200 cells of 30 epochs, with Vega-Lite"),
    ]


def overhead_seconds() -> float:
    """Per cell. What the whole study costs once (DVC, imports, the page) is not in it."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder))
        _run(checkout, "dvc", "repro", "split", "dry_run")
        per_cell = [(_study(checkout, CELLS, epochs) - _study(checkout, 0, epochs)) / CELLS for epochs in EPOCHS]
    per_epoch = (per_cell[1] - per_cell[0]) / (EPOCHS[1] - EPOCHS[0])
    return per_cell[0] - EPOCHS[0] * per_epoch


def _study(checkout: Path, cells: int, epochs: int) -> float:
    """Seconds of one with the base and as many other cells."""
    rates = [0.0101 + 0.001 * number for number in range(cells)]
    axes: list[Any] = [{"train.learning_rates.head": rates}] if cells else []
    content = {"base": "params.yaml", "changes": {"folds": [0], "train.epochs": epochs}, "axes": axes}
    name = f"of-{cells}-cells-{epochs}-epochs.yaml"
    (checkout / name).write_text(yaml.safe_dump(content, sort_keys=False))
    begun = time.perf_counter()
    _run(checkout, "python", "-m", "pipelines", "study", name)
    return time.perf_counter() - begun


def _run(checkout: Path, *command: str) -> None:
    ended = run(checkout, *command)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{ended.stdout}")


def page_megabytes(cells: int, epochs: int) -> float:
    random = np.random.default_rng(0)
    trained = []
    for number in range(cells):
        history = pd.DataFrame(random.random((epochs, len(COLUMNS))), columns=[*COLUMNS])
        history = history.assign(epoch=np.arange(1, epochs + 1), fold=0, seed=0)
        changed = {"train.optimizer.weight_decay": f"0.{number}", "optimizer": f"AdamW {number % 4}"}
        settings = changed if number else dict.fromkeys(changed, BASE)
        trained.append(Trained(settings, [Fit(0, 0, *random.random(2))], history, 1, 0))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        write_study_page(page, "200 cells", trained, {}, {})
        return page.stat().st_size / 1e6


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
