"""What a study has measured so far: a folder per technique and fold, each whole or not there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.techniques.training import Measured
from foldline.files.whole_files import read_json, whole_folder, write_json
from foldline.training.history import read_history


@dataclass(frozen=True)
class Results:
    folder: Path

    def of(self, technique: str, fold: int) -> Path:
        return self.folder / technique.replace("/", "-") / f"fold{fold}"

    def has(self, technique: str, fold: int, train: Mapping[str, Any]) -> bool:
        """Whether it was measured, and with these parameters."""
        told = self.of(technique, fold) / "run.json"
        return told.exists() and read_json(told)["train"] == train

    def add(self, technique: str, fold: int, train: Mapping[str, Any], commit: str, measured: Measured) -> None:
        with whole_folder(self.of(technique, fold)) as partial:
            told = {"commit": commit, "seconds": measured.seconds, "failure": measured.failure, "train": dict(train)}
            write_json(partial / "run.json", told)
            measured.rows.to_csv(partial / "rows.csv", index=False)
            measured.history.to_csv(partial / "history.csv", index=False)

    def told(self, technique: str, fold: int) -> dict[str, Any]:
        """commit, seconds, failure and train."""
        return read_json(self.of(technique, fold) / "run.json")

    def rows(self, technique: str, fold: int) -> pd.DataFrame:
        """row_id, log_loss, right. Not of a training that failed."""
        return pd.read_csv(self.of(technique, fold) / "rows.csv", dtype={"row_id": str})

    def history(self, technique: str, fold: int) -> pd.DataFrame:
        """As the stage `train` wrote it. Not of a training that failed."""
        return read_history(self.of(technique, fold) / "history.csv")

    @property
    def commits(self) -> tuple[str, ...]:
        """Of the code that measured whatever is there: one, unless a study was mixed."""
        return tuple(sorted({read_json(told)["commit"] for told in self.folder.glob("*/*/run.json")}))
