"""What a model says about a kind of target under a loss: the table "Targets, outputs, answers" of docs/design.md."""

from collections.abc import Mapping
from typing import Literal

from foldline.card.activations import ActivationKind
from foldline.files.refusal import Refusal, listed

TargetKind = Literal[
    "binary", "multiclass", "open_set", "ranked", "multilabel", "multioutput", "ordinal", "shares", "regression"
]
"""`target.kind`."""

OF_SOFTMAX: Mapping[str, ActivationKind] = {"cross_entropy": "softmax", "focal": "softmax"}
VALUE_LOSSES = ("mean_squared_error", "mean_absolute_error", "huber")
OF_CLASSES: Mapping[str, ActivationKind] = {**OF_SOFTMAX, "binary_cross_entropy": "normalised_sigmoid"}
OF_EACH: Mapping[str, ActivationKind] = {"binary_cross_entropy": "sigmoid", "focal": "sigmoid"}
ACTIVATIONS: Mapping[TargetKind, Mapping[str, ActivationKind]] = {
    "binary": OF_SOFTMAX,
    "multiclass": OF_CLASSES,
    "open_set": OF_CLASSES,
    "ranked": OF_CLASSES,
    "multilabel": OF_EACH,
    "multioutput": dict.fromkeys(OF_SOFTMAX, "column_softmax"),
    "ordinal": {**OF_SOFTMAX, "cumulative": "cumulative", **dict.fromkeys(VALUE_LOSSES, "level")},
    "shares": OF_SOFTMAX,
    "regression": dict.fromkeys(VALUE_LOSSES, "identity"),
}
"""By the kind of target and of the loss."""
WITHOUT_ONE_CLASS = ("multilabel", "multioutput", "shares")


def activation_of(target: TargetKind, loss: str) -> ActivationKind:
    """`loss`: its kind; one's own is the first's. Raises Refusal when it does not fit the target."""
    fitting = ACTIVATIONS[target]
    if loss == "python":
        return next(iter(fitting.values()))
    if loss not in fitting:
        raise Refusal(
            f"params.yaml: `train.loss.kind` is {loss}, which does not fit a target of kind {target}. "
            f"Fitting: {listed(fitting)}."
        )
    return fitting[loss]
