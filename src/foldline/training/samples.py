"""The images of one fold with their targets: what it learns from, and what it is judged on."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Integer, Shaped

from foldline.files.places import FoldName
from foldline.files.refusal import Refusal
from foldline.training.side_features import Side, SideEncoding, fit_encoding, side_of


@dataclass(frozen=True)
class Samples:
    """Each image of a row is a sample with its row's target."""

    positions: Integer[np.ndarray, " samples"]
    """In the pixel cache."""
    targets: Shaped[np.ndarray, "samples ..."]
    row_ids: tuple[str, ...]
    side: Side = ()
    """Their rows' features, if the model takes any."""

    def __len__(self) -> int:
        return len(self.positions)


def split_samples(
    rows: pd.DataFrame,
    images: pd.DataFrame,
    folds: pd.DataFrame,
    targets: Shaped[np.ndarray, "rows ..."],
    fold: FoldName,
) -> tuple[Samples, Samples]:
    """The training and the validation samples of `fold`; images that cannot be read are in neither, and so are rows
    without a readable one, which folds.csv leaves out. Of a training on all rows there are training samples only.

    `targets`: of all rows. Raises Refusal when the fold has no row, or folds.csv is of other rows.
    """
    readable = images[images["error"].isna() & (rows["part"] == "train").to_numpy()[images["row"]]]
    row_ids = rows["row_id"].to_numpy()[readable["row"]]
    if set(row_ids) != set(folds["row_id"]):
        raise Refusal(
            "folds.csv does not name the train rows of rows.parquet that have a readable image. "
            "Run `dvc repro -f -s split`."
        )
    its_fold = folds.set_index("row_id")["fold"].loc[row_ids].to_numpy()
    validates = its_fold == fold if isinstance(fold, int) else np.zeros(len(its_fold), bool)
    if isinstance(fold, int) and (not validates.any() or validates.all()):
        raise Refusal(f"fold {fold} cannot be trained: folds.csv has the folds {sorted(set(its_fold.tolist()))}.")
    parts = [readable[~validates], readable[validates]]
    training, validation = (
        Samples(
            positions=part["position"].to_numpy(),
            targets=targets[part["row"]],
            row_ids=tuple(rows["row_id"].iloc[part["row"]]),
        )
        for part in parts
    )
    return training, validation


def fit_side_features(rows: pd.DataFrame, training: Samples) -> SideEncoding | None:
    """How the features of `rows` are encoded for a model that learns from `training`; None where it has none."""
    return fit_encoding(rows[(rows["part"] == "train") & rows["row_id"].isin(training.row_ids)])


def with_side_features(rows: pd.DataFrame, samples: Samples, encoding: SideEncoding | None) -> Samples:
    return replace(samples, side=side_of(rows, "train", samples.row_ids, encoding))
