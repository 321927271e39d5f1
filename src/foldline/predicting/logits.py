"""A folder of one model's predictions: `validation.npy`, `test.npy`, `ids.parquet`, `classes.json`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foldline.card.activations import ACTIVATIONS, Activation, activation_in, in_file, outputs_of
from foldline.files.arrays import put, row_blocks
from foldline.files.compact import create_values, open_values, take_stored
from foldline.files.refusal import Refusal, listed
from foldline.files.truths import CURE, read_parquet, require_among, require_filled, require_unique
from foldline.files.whole_files import read_json, whole_folder, write_json

PARTS = ("validation", "test")
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
    parts = ["validation"] * len(validation_ids) + ["test"] * len(test_ids)
    ids = pd.DataFrame({"part": parts, "row_id": [*validation_ids, *test_ids]})
    require_unique(ids, folder / "ids.parquet", ("part", "row_id"))
    ids.to_parquet(folder / "ids.parquet", index=False)
    axes = {"views": list(views), "classes": list(classes), "activation": in_file(activation)}
    write_json(folder / "classes.json", axes)
    shape, is_softmax = (len(views), outputs_of(activation, len(classes))), activation == "softmax"
    return Logits(
        validation=create_values(folder / "validation.npy", (len(validation_ids), *shape), "logits", is_softmax),
        test=create_values(folder / "test.npy", (len(test_ids), *shape), "logits", is_softmax),
        validation_ids=tuple(validation_ids),
        test_ids=tuple(test_ids),
        views=tuple(views),
        classes=tuple(classes),
        activation=activation,
    )


def write_logits(folder: Path, logits: Logits) -> None:
    with whole_folder(folder) as partial:
        written = create_logits(
            partial, logits.validation_ids, logits.test_ids, logits.views, logits.classes, logits.activation
        )
        for part in PARTS:
            source, target = getattr(logits, part), getattr(written, part)
            if source.shape != target.shape:
                raise ValueError(f"{part} is of shape {source.shape}, its axes are {target.shape}")
            for block in row_blocks(target.shape):
                put(target, block, take_stored(source, block))


def read_logits(folder: Path, writable: bool = False) -> Logits:
    """Raises Refusal when a file is missing or the files do not fit each other; reads no logits yet."""
    path = folder / "ids.parquet"
    ids = read_parquet(path, ("part", "row_id"))
    require_filled(ids, path, ("part", "row_id"))
    require_unique(ids, path, ("part", "row_id"))
    require_among(ids, path, "part", PARTS)
    views, classes, activation = _read_axes(folder / "classes.json")
    validation_ids, test_ids = (tuple(ids.loc[ids["part"] == part, "row_id"]) for part in PARTS)
    shape, is_softmax = (len(views), outputs_of(activation, len(classes))), activation == "softmax"

    def opened(name: str, rows: int) -> np.ndarray:
        return open_values(folder / name, (rows, *shape), "logits", is_softmax, AXES, writable)

    return Logits(
        validation=opened("validation.npy", len(validation_ids)),
        test=opened("test.npy", len(test_ids)),
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
