"""Names of classes: those of a target of several labels are `column=label`, those of a column together."""

from collections import Counter
from collections.abc import Sequence

BETWEEN = "="
"""No column's name holds it (card/target.py)."""


def column_slices(sizes: Sequence[int]) -> list[slice]:
    """Where the classes of columns that follow each other lie among all classes; sizes: how many each has."""
    stops = [sum(sizes[: position + 1]) for position in range(len(sizes))]
    return [slice(stop - size, stop) for size, stop in zip(sizes, stops, strict=True)]


def class_of(column: str, label: str) -> str:
    return f"{column}{BETWEEN}{label}"


def label_of(name: str) -> str:
    return name.partition(BETWEEN)[2]


def column_sizes(classes: Sequence[str]) -> dict[str, int]:
    """How many labels each column has, in order."""
    return dict(Counter(name.partition(BETWEEN)[0] for name in classes))
