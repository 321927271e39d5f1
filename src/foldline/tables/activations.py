"""How a model's logits become predictions, and what form these have (docs/design.md, "Targets, outputs, answers")."""

from typing import Literal, get_args

Activation = Literal["softmax", "sigmoid", "normalised_sigmoid", "cumulative", "identity", "level"]
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)

Form = Literal["distribution", "independent", "value", "level"]
"""A distribution over the classes that sums to one; a probability for each class by itself; a number for each class;
one number per row, a place on the scale of the classes."""
FORMS: tuple[Form, ...] = get_args(Form)


def outputs_of(activation: Activation, classes: int) -> int:
    """How many logits a model with this activation has: a threshold lies between two levels."""
    return {"cumulative": classes - 1, "level": 1}.get(activation, classes)


def is_value(activation: Activation) -> bool:
    """Whether the logits are numbers in units of their own, which a model's outputs begin around."""
    return activation in ("identity", "level")


def form_of(activation: Activation) -> Form:
    forms: dict[Activation, Form] = {"identity": "value", "level": "level", "sigmoid": "independent"}
    return forms.get(activation, "distribution")


def holds_probabilities(form: Form) -> bool:
    return form in ("distribution", "independent")


def width_of(form: Form, classes: int) -> int:
    """How many numbers a row's prediction has."""
    return 1 if form == "level" else classes
