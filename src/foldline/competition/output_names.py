"""Classes of a target of several labels: `column=label`, those of a column together, in the card's order of columns."""

from collections import Counter
from collections.abc import Sequence

from foldline.card.target import MultiOutput, Target

BETWEEN = "="
"""No column's name holds it (cards/target.py)."""


def class_of(column: str, label: str) -> str:
    return f"{column}{BETWEEN}{label}"


def label_of(name: str) -> str:
    return name.partition(BETWEEN)[2]


def column_sizes(classes: Sequence[str]) -> dict[str, int]:
    """How many labels each column has, in order."""
    return dict(Counter(name.partition(BETWEEN)[0] for name in classes))


def sizes_of(classes: Sequence[str], target: Target) -> tuple[int, ...]:
    """How many classes each column of a target of several labels has; of all others, how many there are."""
    return tuple(column_sizes(classes).values()) if isinstance(target, MultiOutput) else (len(classes),)
