"""A folder of one model's predictions: `validation.npy`, `test.npy`, `ids.parquet`, `classes.json`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.files import missing, read_json, whole_folder, write_json
from foldline.refusal import Refusal, listed
from foldline.tables.truths import CURE, read_parquet, require_filled, require_unique

PARTS = ("validation", "test")


@dataclass(frozen=True)
class Logits:
    """Logits (rows x views x outputs, float32, memory-mapped when read) and what their axes mean."""

    validation: np.ndarray
    test: np.ndarray
    validation_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    views: tuple[str, ...]
    classes: tuple[str, ...]


def write_logits(folder: Path, logits: Logits) -> None:
    _check(logits, folder)
    with whole_folder(folder) as partial:
        for part in PARTS:
            np.save(partial / f"{part}.npy", getattr(logits, part))
        ids = pd.DataFrame(
            {
                "part": ["validation"] * len(logits.validation_ids) + ["test"] * len(logits.test_ids),
                "row_id": [*logits.validation_ids, *logits.test_ids],
            }
        )
        ids.to_parquet(partial / "ids.parquet", index=False)
        write_json(partial / "classes.json", {"views": logits.views, "classes": logits.classes})


def read_logits(folder: Path) -> Logits:
    """Raises Refusal when a file is missing or the files do not fit each other."""
    for name in ("validation.npy", "test.npy", "classes.json"):
        if not (folder / name).exists():
            raise missing(folder / name)
    ids = read_parquet(folder / "ids.parquet", ("part", "row_id"))
    require_filled(ids, folder / "ids.parquet", ("part", "row_id"))
    require_unique(ids, folder / "ids.parquet", ("part", "row_id"))
    axes = read_json(folder / "classes.json")
    logits = Logits(
        validation=np.load(folder / "validation.npy", mmap_mode="r"),
        test=np.load(folder / "test.npy", mmap_mode="r"),
        validation_ids=tuple(ids.loc[ids["part"] == "validation", "row_id"]),
        test_ids=tuple(ids.loc[ids["part"] == "test", "row_id"]),
        views=tuple(axes["views"]),
        classes=tuple(axes["classes"]),
    )
    _check(logits, folder)
    return logits


def _check(logits: Logits, folder: Path) -> None:
    for part in PARTS:
        values, ids = getattr(logits, part), getattr(logits, f"{part}_ids")
        expected = (len(ids), len(logits.views), len(logits.classes))
        if values.shape != expected or values.dtype != np.float32:
            raise Refusal(
                f"{folder}/{part}.npy is {values.dtype} of shape {values.shape}, expected float32 of {expected} "
                f"(ids, views {listed(logits.views)}, classes). {CURE}"
            )
