"""`gains.csv`: what each step of post-processing claimed, what it is worth, and whether it was kept."""

from pathlib import Path

import pandas as pd

from foldline.files.truths import read_csv, require_filled, require_unique
from foldline.files.whole_files import whole_file

COLUMNS = ("step", "setting", "claimed", "nested", "standard_error", "low", "high", "kept", "note")
"""setting: what was fitted or given, in words; missing for a step that was left out. claimed: the gain in the metric on
the rows that the step was fitted on, positive where it helps. nested: the gain on rows that it was not fitted on.
standard_error: of the nested gain, over folds; missing for a single fold. low, high: its bootstrap interval over rows.
kept: whether the predictions went through the step. note: what a reader must know, or missing."""


def read_gains(path: Path) -> pd.DataFrame:
    gains = read_csv(path, COLUMNS, {"step": str, "setting": str, "kept": bool, "note": str})
    _check(gains, path)
    return gains


def write_gains(path: Path, gains: pd.DataFrame) -> None:
    _check(gains, path)
    with whole_file(path) as partial:
        gains.to_csv(partial, index=False, lineterminator="\n")


def _check(gains: pd.DataFrame, path: Path) -> None:
    require_filled(gains, path, ("step", "claimed", "nested", "kept"))
    require_unique(gains, path, ("step",))
