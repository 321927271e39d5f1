"""A folder of one model's predictions: `validation.npy`, `test.npy`, `ids.parquet`, `classes.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foldline.card.activations import ACTIVATIONS, Activation, activation_in, in_file, outputs_of
from foldline.files.compact import create_values, open_values
from foldline.files.refusal import Refusal, listed
from foldline.files.truths import CURE, read_parquet, require_among, require_filled, require_types, require_unique
from foldline.files.whole_files import read_json, write_json

KEY = ("part", "row_id")
PARTS: tuple[str, str] = ("validation", "test")
AXES = "rows of ids.parquet, views of classes.json, logits by its classes and activation"


@dataclass(frozen=True)
class Logits:
    """Logits (rows x views x outputs, float32, memory-mapped when read) and what their axes mean.

    Those of a softmax over very many classes are compact (foldline/files/compact.py).
    """

    validation: np.ndarray
    test: np.ndarray
    validation_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    views: tuple[str, ...]
    classes: tuple[str, ...]
    activation: Activation
    """What turns the logits into predictions."""


def create_logits(
    folder: Path,
    validation_ids: Sequence[str],
    test_ids: Sequence[str],
    views: Sequence[str],
    classes: Sequence[str],
    activation: Activation,
) -> Logits:
    """Write the ids and axes into an existing folder, and zeros to be filled in place: they need no memory."""
    ids = dict(zip(PARTS, (validation_ids, test_ids), strict=True))
    write_ids(folder, ids)
    axes = {"views": list(views), "classes": list(classes), "activation": in_file(activation)}
    write_json(folder / "classes.json", axes)
    for part in PARTS:
        shape = (len(ids[part]), len(views), outputs_of(activation, len(classes)))
        create_values(folder / f"{part}.npy", shape, "logits", activation == "softmax")
    return read_logits(folder, writable=True)


def read_logits(folder: Path, writable: bool = False) -> Logits:
    """Raises Refusal when a file is missing or the files do not fit each other; reads no logits yet."""
    validation_ids, test_ids = (tuple(of_part["row_id"]) for of_part in read_ids(folder, PARTS))
    views, classes, activation = _read_axes(folder / "classes.json")

    def opened(part: str, rows: int) -> np.ndarray:
        shape = (rows, len(views), outputs_of(activation, len(classes)))
        return open_values(folder / f"{part}.npy", shape, "logits", activation == "softmax", AXES, writable)

    return Logits(
        validation=opened("validation", len(validation_ids)),
        test=opened("test", len(test_ids)),
        validation_ids=validation_ids,
        test_ids=test_ids,
        views=views,
        classes=classes,
        activation=activation,
    )


def _read_axes(path: Path) -> tuple[tuple[str, ...], tuple[str, ...], Activation]:
    axes = read_json(path)
    if not isinstance(axes, dict) or set(axes) != {"views", "classes", "activation"}:
        raise Refusal(f"{path} must hold `views`, `classes` and `activation`. {CURE}")
    if not _are_names(axes["views"]) or not _are_names(axes["classes"]):
        raise Refusal(f"{path} must hold two lists of different names, `views` and `classes`. {CURE}")
    activation = activation_in(axes["activation"], len(axes["classes"]))
    if activation is None:
        raise Refusal(
            f"{path}: `activation` is {axes['activation']!r}, valid are {listed(ACTIVATIONS, 10)} (this one with sizes "
            f"that are {len(axes['classes'])} together). {CURE}"
        )
    return tuple(axes["views"]), tuple(axes["classes"]), activation


def _are_names(names: Any) -> bool:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        return False
    return len(set(names)) == len(names)


def write_ids(folder: Path, ids: Mapping[str, Sequence[str]], **columns: np.ndarray) -> None:
    """`ids`: of the rows of each part, in the order of its array. columns: of all rows, one part after the other."""
    parts = [part for part, of_part in ids.items() for _ in of_part]
    table = pd.DataFrame({"part": parts, "row_id": [one for of_part in ids.values() for one in of_part], **columns})
    require_unique(table, folder / "ids.parquet", KEY)
    table.to_parquet(folder / "ids.parquet", index=False)


def read_ids(folder: Path, parts: Sequence[str], *columns: str) -> list[pd.DataFrame]:
    """The table's rows of each part. Raises Refusal when it is missing, or when a row is."""
    path = folder / "ids.parquet"
    table = read_parquet(path, (*KEY, *columns))
    require_filled(table, path, (*KEY, *columns))
    require_types(table, path, text=KEY)
    require_unique(table, path, KEY)
    require_among(table, path, "part", parts)
    return [table[table["part"] == part] for part in parts]
