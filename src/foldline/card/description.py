"""`classes.json`: the classes in the order of a model's outputs, and all that training must know of the target.

So training needs no card's target, and with it no metric and no rule: an edit of these makes no trained fold stale.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from foldline.card.activations import ActivationKind, Learned
from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json, write_json
from foldline.params.section import Section, parse


class Classes(Section):
    """What `prepare` says of the target."""

    names: Annotated[tuple[str, ...], Field(min_length=1)]
    """Those of a target of several labels are `column=label`, in the card's order of columns."""
    sizes: tuple[int, ...]
    """How many classes each column of a target of several labels has; of all others, how many there are."""
    activations: Mapping[Learned, ActivationKind]
    """What may be learned of the target, and what is then made of a model's outputs."""


def read_description(path: Path) -> Classes:
    try:
        classes = parse(read_json(path), Classes, str(path))
    except Refusal as refusal:
        raise Refusal(f"{refusal} Run `dvc repro -f -s prepare`.") from None
    if len(set(classes.names)) < len(classes.names):
        raise Refusal(f"{path} names a class twice. Run `dvc repro -f -s prepare`.")
    return classes


def read_classes(path: Path) -> tuple[str, ...]:
    return read_description(path).names


def write_description(path: Path, classes: Classes) -> None:
    write_json(path, classes.model_dump(mode="json"))
