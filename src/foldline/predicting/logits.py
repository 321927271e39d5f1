"""A folder of one model's predictions: `validation.npy`, `test.npy`, `ids.parquet`, `classes.json`.

What any predictions lie in is the same: arrays, a row of each per line of ids.parquet, and a description of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, model_validator

from foldline.card.activations import Activation
from foldline.files.compact import Scale, create_values, open_values
from foldline.files.truths import CURE, read_parquet, require_among, require_filled, require_types, require_unique
from foldline.files.whole_files import read_json, write_json
from foldline.params.former_names import present_name
from foldline.params.section import Names, Section, parse

KEY = ("part", "row_id")
PARTS: tuple[str, str] = ("validation", "test")


class Axes(Section):
    """`classes.json`: what the axes of a folder's arrays mean, but for their rows."""

    scale: ClassVar[Scale]
    """Of very many classes, which are compact (foldline/files/compact.py)."""
    in_words: ClassVar[str]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a row. Raises ValueError where the keys contradict each other."""
        raise NotImplementedError

    @property
    def can_be_compact(self) -> bool:
        raise NotImplementedError

    @model_validator(mode="after")
    def _fit(self) -> "Axes":
        assert self.shape
        return self

    def create(self, folder: Path, ids: Mapping[str, Sequence[str]], **columns: np.ndarray) -> None:
        """Write ids (of each part) and axes into an existing folder, and zeros to be filled in place: they need no
        memory."""
        write_ids(folder, ids, **columns)
        write_json(folder / "classes.json", self.model_dump(mode="json"))
        for part, of_part in ids.items():
            create_values(folder / f"{part}.npy", (len(of_part), *self.shape), self.scale, self.can_be_compact)


AxesKind = TypeVar("AxesKind", bound=Axes)


def open_arrays(
    kind: type[AxesKind], folder: Path, rows: Mapping[str, int], writable: bool
) -> tuple[AxesKind, list[np.ndarray]]:
    """What `create` wrote; rows: how many each part must have. Raises Refusal when it does not fit."""
    path = folder / "classes.json"
    axes = parse(read_json(path), kind, str(path), cure=CURE)
    of_file = (axes.scale, axes.can_be_compact, axes.in_words, writable)
    return axes, [open_values(folder / f"{part}.npy", (n, *axes.shape), *of_file) for part, n in rows.items()]


class LogitAxes(Axes):
    views: Names
    classes: Names
    activation: Annotated[Activation, BeforeValidator(present_name)]
    """What turns the logits into predictions."""
    scale: ClassVar = "logits"
    in_words: ClassVar = "rows of ids.parquet, views of classes.json, logits by its classes and activation"

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.views), self.activation.outputs(len(self.classes))

    @property
    def can_be_compact(self) -> bool:
        return self.activation.can_be_compact


@dataclass(frozen=True)
class Logits:
    """Logits (rows x views x outputs, float32, memory-mapped when read) and what their axes mean."""

    validation: np.ndarray
    test: np.ndarray
    validation_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    views: tuple[str, ...]
    classes: tuple[str, ...]
    activation: Activation


def create_logits(
    folder: Path,
    validation_ids: Sequence[str],
    test_ids: Sequence[str],
    views: Sequence[str],
    classes: Sequence[str],
    activation: Activation,
) -> Logits:
    axes = LogitAxes(views=tuple(views), classes=tuple(classes), activation=activation)
    axes.create(folder, dict(zip(PARTS, (validation_ids, test_ids), strict=True)))
    return read_logits(folder, writable=True)


def read_logits(folder: Path, writable: bool = False) -> Logits:
    """Raises Refusal when a file is missing or the files do not fit each other; reads no logits yet."""
    ids = [tuple(of_part["row_id"].tolist()) for of_part in read_ids(folder, PARTS)]
    axes, arrays = open_arrays(LogitAxes, folder, dict(zip(PARTS, map(len, ids), strict=True)), writable)
    return Logits(arrays[0], arrays[1], ids[0], ids[1], axes.views, axes.classes, axes.activation)


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
