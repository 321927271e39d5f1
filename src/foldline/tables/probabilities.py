"""A folder of final predictions (`ensemble`, `clip`): `out_of_fold.npy`, `test.npy`, `ids.parquet`, `classes.json`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.files import missing, whole_folder
from foldline.refusal import Refusal
from foldline.tables.classes import read_classes, write_classes
from foldline.tables.truths import CURE, read_parquet, require_filled, require_unique


@dataclass(frozen=True)
class Probabilities:
    """Probabilities (rows x outputs, float32, memory-mapped when read) and what their axes mean."""

    out_of_fold: np.ndarray
    test: np.ndarray
    out_of_fold_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    folds: np.ndarray
    """The fold of each out-of-fold row."""
    classes: tuple[str, ...]


def write_probabilities(folder: Path, probabilities: Probabilities) -> None:
    _check(probabilities, folder)
    with whole_folder(folder) as partial:
        np.save(partial / "out_of_fold.npy", probabilities.out_of_fold)
        np.save(partial / "test.npy", probabilities.test)
        tests = len(probabilities.test_ids)
        ids = pd.DataFrame(
            {
                "part": ["out_of_fold"] * len(probabilities.out_of_fold_ids) + ["test"] * tests,
                "row_id": [*probabilities.out_of_fold_ids, *probabilities.test_ids],
                "fold": np.concatenate([probabilities.folds, np.full(tests, -1)]).astype("int32"),
            }
        )
        ids.to_parquet(partial / "ids.parquet", index=False)
        write_classes(partial / "classes.json", probabilities.classes)


def read_probabilities(folder: Path) -> Probabilities:
    """Raises Refusal when a file is missing or the files do not fit each other."""
    for name in ("out_of_fold.npy", "test.npy"):
        if not (folder / name).exists():
            raise missing(folder / name)
    ids = read_parquet(folder / "ids.parquet", ("part", "row_id", "fold"))
    require_filled(ids, folder / "ids.parquet", ("part", "row_id", "fold"))
    require_unique(ids, folder / "ids.parquet", ("part", "row_id"))
    out_of_fold = ids[ids["part"] == "out_of_fold"]
    probabilities = Probabilities(
        out_of_fold=np.load(folder / "out_of_fold.npy", mmap_mode="r"),
        test=np.load(folder / "test.npy", mmap_mode="r"),
        out_of_fold_ids=tuple(out_of_fold["row_id"]),
        test_ids=tuple(ids.loc[ids["part"] == "test", "row_id"]),
        folds=out_of_fold["fold"].to_numpy(),
        classes=read_classes(folder / "classes.json"),
    )
    _check(probabilities, folder)
    return probabilities


def _check(probabilities: Probabilities, folder: Path) -> None:
    for part in ("out_of_fold", "test"):
        values, ids = getattr(probabilities, part), getattr(probabilities, f"{part}_ids")
        expected = (len(ids), len(probabilities.classes))
        if values.shape != expected or values.dtype != np.float32:
            raise Refusal(
                f"{folder}/{part}.npy is {values.dtype} of shape {values.shape}, expected float32 of {expected} "
                f"(ids, classes). {CURE}"
            )
