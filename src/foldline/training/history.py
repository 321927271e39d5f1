"""`history.csv`: a row per epoch of one training; it knows no clock, so equal runs write equal files."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from foldline.files.places import FoldName
from foldline.files.progress import duration
from foldline.files.truths import read_csv, require_unique, write_csv

COLUMNS = (
    "epoch",
    "learning_rate",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
)
"""epoch: from 1; 0 alone, without train_*, where no epoch is trained. learning_rate: the head's, at the epoch's last
step. train_*: means over the epoch's augmented batches while the weights move. validation_*: of the (averaged) weights
at the epoch's end. Accuracy is missing for targets without classes, validation_* where all rows are trained on. Where
`train.phases` has any, one more column, phase, names the epoch's."""


def read_history(path: Path) -> pd.DataFrame:
    history = read_csv(path, COLUMNS, {})
    require_unique(history, path, ("fold", "seed", "epoch") if "fold" in history else ("epoch",))
    return history


def write_history(path: Path, history: pd.DataFrame) -> None:
    write_csv(path, history)


def join_histories(histories: Mapping[tuple[FoldName, int], pd.DataFrame]) -> pd.DataFrame:
    """One table of all trainings, with the columns `fold` and `seed` before the others: what the plots draw."""
    parts = [history.assign(fold=fold, seed=seed) for (fold, seed), history in histories.items()]
    joined = pd.concat(parts, ignore_index=True)
    return joined[["fold", "seed", *joined.columns.drop(["fold", "seed"])]]


def describe_epoch(title: str, epochs: int, row: Mapping[str, Any], seconds_left: float) -> str:
    """At most 80 characters. What was not measured is left out: the accuracy of a regression, the validation of all
    rows."""
    parts = [f"{title}  epoch {row['epoch']}/{epochs}"]
    for name, shown in {"train": "train", "validation": "val"}.items():
        loss, accuracy = row[f"{name}_loss"], row[f"{name}_accuracy"]
        if not math.isnan(loss):
            parts.append(f"{shown} {loss:.4f}" + ("" if math.isnan(accuracy) else f", {accuracy:.1%}"))
    if row["epoch"] < epochs:
        parts.append(f"{duration(seconds_left)} left")
    return "  ".join(parts)
