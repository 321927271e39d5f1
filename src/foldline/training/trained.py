"""What a training ends with, and its files."""

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from foldline.files.whole_files import write_json
from foldline.training.history import write_history
from foldline.training.models import Classifier, save_model
from foldline.training.progress import Line


@dataclass(frozen=True)
class Trained:
    model: Classifier
    history: list[Line]
    kept: Line
    """The line of the epoch whose weights these are."""


def write_trained(folder: Path, trained: Trained) -> None:
    """`model.safetensors`, `history.csv` and `metrics.json`; equal trainings write equal bytes."""
    save_model(folder / "model.safetensors", trained.model)
    write_history(folder / "history.csv", pd.DataFrame(trained.history))
    measured = {name: value for name, value in trained.kept.items() if not math.isnan(value)}
    write_json(folder / "metrics.json", measured)
