"""A folder of final predictions (`ensemble`, `clip`): `out_of_fold.npy`, `test.npy`, `ids.parquet`, `classes.json`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Integer

from foldline.files import whole_folder
from foldline.refusal import Refusal
from foldline.tables.arrays import create_array, open_array, put, row_blocks, take
from foldline.tables.classes import read_classes, write_classes
from foldline.tables.truths import CURE, read_parquet, require_among, require_filled, require_unique

PARTS = ("out_of_fold", "test")
COLUMNS = ("part", "row_id", "fold")
AXES = "rows of ids.parquet, classes of classes.json"
SUM_TOLERANCE = 1e-5
"""The graders' own: dog-breed-identification refuses sums further from one."""


@dataclass(frozen=True)
class Probabilities:
    """Probabilities (rows x outputs, float32, memory-mapped when read) and what their axes mean."""

    out_of_fold: np.ndarray
    test: np.ndarray
    out_of_fold_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    folds: Integer[np.ndarray, " out_of_fold_rows"]
    """The fold of each out-of-fold row."""
    classes: tuple[str, ...]


def create_probabilities(
    folder: Path,
    out_of_fold_ids: Sequence[str],
    test_ids: Sequence[str],
    folds: Integer[np.ndarray, " out_of_fold_rows"],
    classes: Sequence[str],
) -> Probabilities:
    """Write the ids and classes into an existing folder, and zeros to be filled in place: they need no memory."""
    ids = pd.DataFrame(
        {
            "part": ["out_of_fold"] * len(out_of_fold_ids) + ["test"] * len(test_ids),
            "row_id": [*out_of_fold_ids, *test_ids],
            "fold": np.concatenate([folds, np.full(len(test_ids), -1)]).astype("int32"),
        }
    )
    require_unique(ids, folder / "ids.parquet", ("part", "row_id"))
    ids.to_parquet(folder / "ids.parquet", index=False)
    write_classes(folder / "classes.json", tuple(classes))
    return Probabilities(
        out_of_fold=create_array(folder / "out_of_fold.npy", (len(out_of_fold_ids), len(classes))),
        test=create_array(folder / "test.npy", (len(test_ids), len(classes))),
        out_of_fold_ids=tuple(out_of_fold_ids),
        test_ids=tuple(test_ids),
        folds=folds,
        classes=tuple(classes),
    )


def create_like(probabilities: Probabilities, folder: Path) -> Probabilities:
    """The same rows and classes in another folder, zeros to be filled in place."""
    return create_probabilities(
        folder,
        probabilities.out_of_fold_ids,
        probabilities.test_ids,
        probabilities.folds,
        probabilities.classes,
    )


def write_probabilities(folder: Path, probabilities: Probabilities) -> None:
    with whole_folder(folder) as partial:
        written = create_like(probabilities, partial)
        for part in PARTS:
            source, target = getattr(probabilities, part), getattr(written, part)
            if source.shape != target.shape:
                raise ValueError(f"{part} is of shape {source.shape}, its axes are {target.shape}")
            for block in row_blocks(target.shape):
                put(target, block, take(source, block))


def read_probabilities(folder: Path) -> Probabilities:
    """Raises Refusal when a file is missing, the files do not fit each other, or a row is no distribution."""
    path = folder / "ids.parquet"
    ids = read_parquet(path, COLUMNS)
    require_filled(ids, path, COLUMNS)
    require_unique(ids, path, ("part", "row_id"))
    require_among(ids, path, "part", PARTS)
    classes = read_classes(folder / "classes.json")
    out_of_fold, tests = (ids[ids["part"] == part] for part in PARTS)
    probabilities = Probabilities(
        out_of_fold=open_array(folder / "out_of_fold.npy", (len(out_of_fold), len(classes)), AXES),
        test=open_array(folder / "test.npy", (len(tests), len(classes)), AXES),
        out_of_fold_ids=tuple(out_of_fold["row_id"]),
        test_ids=tuple(tests["row_id"]),
        folds=out_of_fold["fold"].to_numpy(np.int64),
        classes=classes,
    )
    _require_distributions(probabilities.out_of_fold, probabilities.out_of_fold_ids, folder / "out_of_fold.npy")
    _require_distributions(probabilities.test, probabilities.test_ids, folder / "test.npy")
    return probabilities


def _require_distributions(values: np.ndarray, ids: Sequence[str], path: Path) -> None:
    for block in row_blocks(values.shape):
        rows = take(values, block)
        sums = rows.sum(axis=1, dtype=np.float64)
        # A comparison with NaN is false, so this form finds it too.
        good = (rows.min(axis=1) >= 0) & (np.abs(sums - 1) <= SUM_TOLERANCE)
        if not good.all():
            first = int(np.argmin(good))
            raise Refusal(
                f"{path}: row {block.start + first} (id {ids[block.start + first]!r}) is no distribution: it sums to "
                f"{sums[first]:.6g}, its least value is {rows[first].min():.6g}. {CURE}"
            )
