"""`classes.json`: the classes in the order of a model's outputs.

Those of a target of several labels are `column=label`, those of a column together, in the card's order of columns.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json, write_json

BETWEEN = "="
"""No column's name holds it (card/target.py)."""


def read_classes(path: Path) -> tuple[str, ...]:
    classes = read_json(path)
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes) or not classes:
        raise Refusal(f"{path} must hold a list of class names. Run `dvc repro -f -s prepare`.")
    if len(set(classes)) < len(classes):
        raise Refusal(f"{path} names a class twice. Run `dvc repro -f -s prepare`.")
    return tuple(classes)


def write_classes(path: Path, classes: tuple[str, ...]) -> None:
    write_json(path, list(classes))


def column_slices(sizes: Sequence[int]) -> list[slice]:
    """Where the classes of columns that follow each other lie among all classes; sizes: how many each has."""
    stops = [sum(sizes[: place + 1]) for place in range(len(sizes))]
    return [slice(stop - size, stop) for size, stop in zip(sizes, stops, strict=True)]


def class_of(column: str, label: str) -> str:
    return f"{column}{BETWEEN}{label}"


def label_of(name: str) -> str:
    return name.partition(BETWEEN)[2]


def column_sizes(classes: Sequence[str]) -> dict[str, int]:
    """How many labels each column has, in order."""
    return dict(Counter(name.partition(BETWEEN)[0] for name in classes))
