"""How a model's logits become predictions, and what form these have (docs/design.md, "Targets, outputs, answers")."""

from typing import Literal, get_args

Activation = Literal["softmax", "sigmoid", "normalised_sigmoid", "cumulative", "identity"]
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)

Form = Literal["distribution", "independent", "value"]
"""A distribution over the classes that sums to one; a probability for each class by itself; one number per row."""
FORMS: tuple[Form, ...] = get_args(Form)


def outputs_of(activation: Activation, classes: int) -> int:
    """How many logits a model with this activation has: a threshold lies between two levels, a value is one number."""
    return {"cumulative": classes - 1, "identity": 1}.get(activation, classes)


def form_of(activation: Activation) -> Form:
    if activation == "identity":
        return "value"
    return "independent" if activation == "sigmoid" else "distribution"


def width_of(form: Form, classes: int) -> int:
    """How many numbers a row's prediction has."""
    return 1 if form == "value" else classes
