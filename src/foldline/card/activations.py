"""How a model's logits become predictions, and what form these have (docs/design.md, "Targets, outputs, answers")."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from foldline.params.former_names import present_name
from foldline.params.section import Section

PlainActivation = Literal["softmax", "sigmoid", "normalised_sigmoid", "cumulative_link", "identity", "level"]
ActivationKind = Literal[PlainActivation, "column_softmax"]
"""An activation's name, without what it must know besides."""
Learned = Literal["distribution", "each", "above", "value"]
"""What a loss makes a model learn of a row: a distribution over the classes; of each class whether the row is of it; of
each level but the last whether the row is above; numbers."""


class ColumnSoftmax(Section):
    """A softmax over the classes of each of several columns, which follow each other."""

    kind: Literal["column_softmax"]
    sizes: tuple[int, ...]
    """How many classes each column has."""


Activation = PlainActivation | ColumnSoftmax
"""As files write it: a name, or `{"kind": "column_softmax", "sizes": [3, 3]}`."""

PlainForm = Literal["distribution", "independent", "value", "level"]
"""A distribution over the classes that sums to one; a probability for each class by itself; a number for each class;
one number per row, a place on the scale of the classes."""


class ColumnDistributions(Section):
    """A distribution over the classes of each of several columns, which follow each other: each sums to one."""

    kind: Literal["column_distributions"]
    sizes: tuple[int, ...]
    """How many classes each column has."""


Form = PlainForm | ColumnDistributions

ACTIVATIONS: tuple[ActivationKind, ...] = (*get_args(PlainActivation), "column_softmax")
FORMS: tuple[str, ...] = (*get_args(PlainForm), "column_distributions")


def activation_for(kind: ActivationKind, sizes: Sequence[int]) -> Activation:
    """sizes: how many classes each column of a target of several labels has."""
    return ColumnSoftmax(kind=kind, sizes=tuple(sizes)) if kind == "column_softmax" else kind


def outputs_of(activation: Activation, classes: int) -> int:
    """How many logits a model with this activation has: a threshold lies between two levels."""
    return {"cumulative_link": classes - 1, "level": 1}.get(name_of(activation), classes)


def is_value(activation: Activation | ActivationKind) -> bool:
    """Whether the logits are numbers in units of their own, which a model's outputs begin around."""
    return activation in ("identity", "level")


def form_of(activation: Activation) -> Form:
    if isinstance(activation, ColumnSoftmax):
        return ColumnDistributions(kind="column_distributions", sizes=activation.sizes)
    forms: dict[Activation, Form] = {"identity": "value", "level": "level", "sigmoid": "independent"}
    return forms.get(activation, "distribution")


def holds_probabilities(form: Form) -> bool:
    return form not in ("value", "level")


def width_of(form: Form, classes: int) -> int:
    """How many numbers a row's prediction has."""
    return 1 if form == "level" else classes


def name_of(one: Activation | Form) -> str:
    return one if isinstance(one, str) else one.kind


def in_file(one: Activation | Form) -> Any:
    """As json holds it."""
    return one if isinstance(one, str) else one.model_dump(mode="json")


def activation_in(found: Any, classes: int) -> Activation | None:
    """What `in_file` wrote, by a former name too; None for anything else, or of another number of classes."""
    return _of_classes(_read(present_name(found) if isinstance(found, str) else found, Activation), classes)


def form_in(found: Any, classes: int) -> Form | None:
    """The same of a form."""
    return _of_classes(_read(found, Form), classes)


def _read(found: Any, kind: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(found)
    except ValidationError:
        return None


def _of_classes(read: Any, classes: int) -> Any:
    return None if isinstance(read, ColumnSoftmax | ColumnDistributions) and sum(read.sizes) != classes else read
