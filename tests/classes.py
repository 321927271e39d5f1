"""classes.json of a target of one class per row, as `prepare` writes it."""

from collections.abc import Sequence
from pathlib import Path

from foldline.card.description import Classes, write_description
from foldline.card.targets.single_labels import Multiclass


def write_classes(path: Path, names: Sequence[str]) -> None:
    write_description(path, Classes(names=tuple(names), sizes=(len(names),), activations=Multiclass.activations))
