"""`targets.npy`: the graded targets, typed, of the train rows of rows.parquet in their order.

`prepare` writes them, and nothing ever changes them: validation, grading and gains read these alone. A position among
the classes per row (int64); one per column of a target of several labels (int64, NO_TARGET where a label is missing);
0 and 1 per class (uint8); or a number per class or column (float32, NaN where it is missing).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import missing, whole_file

NO_TARGET = -1

Targets = Shaped[np.ndarray, "rows ..."]


def write_targets(path: Path, targets: Targets) -> None:
    with whole_file(path) as partial, partial.open("wb") as file:
        np.save(file, targets)


def read_targets(path: Path, rows: pd.DataFrame, classes: Sequence[str]) -> Targets:
    """rows: the table rows.parquet. Raises Refusal where the file is of other rows or classes."""
    if not path.exists():
        raise missing(path)
    try:
        targets = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise Refusal(f"{path} is not a readable .npy file ({error}). Run `dvc repro -f -s prepare`.") from None
    train = int((rows["part"] == "train").sum())
    if len(targets) != train or not _are_of(targets, len(classes)):
        raise Refusal(
            f"{path} holds {targets.dtype} of {targets.shape}, which are not the targets of the {train:,} train rows "
            f"and {len(classes):,} classes of rows.parquet and classes.json: they are of different runs. Run "
            "`dvc repro -f -s prepare`."
        )
    return targets


def _are_of(targets: Targets, classes: int) -> bool:
    if targets.dtype == np.int64:
        return targets.ndim in (1, 2) and bool(np.all((targets >= NO_TARGET) & (targets < classes)))
    return targets.dtype in (np.uint8, np.float32) and targets.shape[1:] == (classes,)


def places_of(rows: pd.DataFrame, ids: Sequence[str]) -> Shaped[np.ndarray, " ids"]:
    """Of each id the place among the train rows. Raises Refusal when one is not there."""
    places = pd.Index(rows.loc[rows["part"] == "train", "row_id"]).get_indexer(pd.Index(ids))
    if len(places) and places.min() < 0:
        unknown = [ids[row] for row in np.flatnonzero(places < 0).tolist()]
        raise Refusal(f"rows.parquet has no train rows {listed(unknown)}. Run `dvc repro` from `prepare` on.")
    return places
