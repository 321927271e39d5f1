"""`classes.json`: the classes in the order of a model's outputs, and all that training must know of the target.

So training needs no card's target, and with it no metric and no rule: an edit of these makes no trained fold stale.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from foldline.card.activations import ACTIVATIONS, ActivationKind
from foldline.files.refusal import listed
from foldline.files.whole_files import read_json, write_json
from foldline.params.kinds import name_of
from foldline.params.section import Names, Section, parse


def _by_name(found: Any) -> Any:
    """As json has them: a word by what is learned."""
    if not isinstance(found, Mapping):
        return found
    unknown = [kind for kind in found.values() if kind not in ACTIVATIONS]
    if unknown:
        raise ValueError(f"`activations` names {listed(map(repr, unknown))}, none of {listed(ACTIVATIONS)}")
    return tuple(ACTIVATIONS[kind] for kind in found.values())


class Classes(Section):
    """What `prepare` says of the target."""

    names: Names
    """Those of a target of several labels are `column=label`, in the card's order of columns."""
    sizes: tuple[int, ...]
    """How many classes each column of a target of several labels has; of all others, how many there are."""
    activations: Annotated[
        tuple[type[ActivationKind], ...],
        BeforeValidator(_by_name),
        PlainSerializer(lambda offered: {one.learned: name_of(one) for one in offered}),
    ]
    """What may be made of a model's outputs, the likeliest first."""


def read_description(path: Path) -> Classes:
    return parse(read_json(path), Classes, str(path), cure="Run `dvc repro -f -s prepare`.")


def read_classes(path: Path) -> tuple[str, ...]:
    return read_description(path).names


def write_description(path: Path, classes: Classes) -> None:
    write_json(path, classes.model_dump(mode="json"))
