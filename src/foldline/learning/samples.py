"""The images of one fold with their targets: what it learns from, and what it is judged on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int64, Integer

from foldline.refusal import Refusal


@dataclass(frozen=True)
class Samples:
    """Each image of a row is a sample with its row's target."""

    positions: Integer[np.ndarray, " samples"]
    """In the pixel cache."""
    targets: Int64[np.ndarray, " samples"]
    row_ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.positions)


def split_samples(
    rows: pd.DataFrame, images: pd.DataFrame, folds: pd.DataFrame, targets: Int64[np.ndarray, " rows"], fold: int
) -> tuple[Samples, Samples]:
    """The training and the validation samples of `fold`; images that could not be read are in neither.

    `targets`: of all rows. Raises Refusal when the fold has no row, or folds.csv is of other rows.
    """
    train_rows = rows[rows["part"] == "train"]
    if not np.array_equal(train_rows["row_id"], folds["row_id"]):
        raise Refusal("folds.csv and rows.parquet do not name the same train rows. Run `dvc repro split` first.")
    readable = images[(images["position"] >= 0) & (images["row"] < len(train_rows))]
    its_fold = folds["fold"].to_numpy()[readable["row"]]
    if not (its_fold == fold).any() or (its_fold == fold).all():
        raise Refusal(f"fold {fold} cannot be trained: folds.csv has the folds {sorted(set(its_fold.tolist()))}.")
    parts = [readable[its_fold != fold], readable[its_fold == fold]]
    training, validation = (
        Samples(
            positions=part["position"].to_numpy(),
            targets=targets[part["row"]],
            row_ids=tuple(rows["row_id"].iloc[part["row"]]),
        )
        for part in parts
    )
    return training, validation
