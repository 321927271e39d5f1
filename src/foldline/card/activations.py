"""From a model's logits to predictions: an activation is one class (docs/design.md, "Targets, outputs, answers").

It says what a model learns by it, how many logits there are, what a loss and the training's accuracy make of these
(torch), and which scores they stand for (NumPy, in float64 and log space; ensembling/scales.py). The stage `check`
reads all of it without torch.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import scipy
from jaxtyping import Float, Float64

from foldline.files.class_names import column_slices
from foldline.files.compact import is_compact
from foldline.params.kinds import by_kind, name_of, union_of
from foldline.params.section import Word

if TYPE_CHECKING:
    from torch import Tensor, nn
else:
    Tensor = Any  # As in training/train_part.py: torch takes seconds to import.

Learned = Literal["distribution", "each", "above", "value"]
"""What a loss makes a model learn of a row: a distribution over the classes; of each class whether the row is of it; of
each level but the last whether the row is above; numbers."""

Values = Float[np.ndarray, "*axes outputs"]
Scores = Float64[np.ndarray, "*axes predicted"]
Logits = Float[Tensor, "batch outputs"]
SoftTargets = Float[Tensor, "batch outputs"]
PerImage = Float[Tensor, " batch"]
LossFunction = Callable[[Logits, SoftTargets], PerImage]

NEVER = -1e6
"""Stands for log 0, which thresholds that cross give the level between them: no logit is as low."""


class ActivationKind(Word):
    """Here that of a distribution over the classes."""

    kind: Any
    learned: ClassVar[Learned] = "distribution"
    gives_values: ClassVar[bool] = False
    """Whether the logits are numbers in units of their own, which a model's outputs begin around."""
    form: ClassVar[str] = "distribution"
    """What predictions are (a kind of form, ensembling/forms.py)."""
    can_be_compact: ClassVar[bool] = False
    """Whether of very many classes the highest logits alone may be stored (files/compact.py)."""

    @classmethod
    def over(cls, sizes: Sequence[int]) -> "ActivationKind":
        """sizes: how many classes each column of a target of several labels has; of all others, how many there are."""
        return cls(kind=name_of(cls))

    def outputs(self, classes: int) -> int:
        """How many logits a model has. Raises ValueError where there cannot be so many classes."""
        return classes

    def scores(self, logits: Values) -> Scores:
        return logits.astype(np.float64)

    def stored(self, model: "nn.Module", classes: int) -> "ActivationKind":
        """That of what the model gives from now on, when its logits are to be stored."""
        return self

    def soft_targets(self, targets: Float[Tensor, "batch classes"]) -> SoftTargets:
        """Targets, a fraction or number per class, as the loss takes them: as wide as the logits."""
        return targets

    def of_columns(self, loss: LossFunction) -> LossFunction:
        """The loss of all logits."""
        return loss

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        """1 for an image whose answer is right, 0 for another; for labels, the fraction of those known that is
        (0 where none is); for numbers NaN."""
        return (logits.argmax(dim=1) == targets.argmax(dim=1)).float()


class Softmax(ActivationKind):
    kind: Literal["softmax"]
    can_be_compact: ClassVar[bool] = True

    def scores(self, logits: Values) -> Scores:
        return log_softmax(logits.astype(np.float64))


class Sigmoid(ActivationKind):
    """Each class by itself."""

    kind: Literal["sigmoid"]
    learned: ClassVar[Learned] = "each"
    form: ClassVar[str] = "independent"

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        return ((logits > 0) == (targets > 0.5)).float().mean(dim=1)


class NormalisedSigmoid(ActivationKind):
    """Sigmoids that are divided by their sum."""

    kind: Literal["normalised_sigmoid"]
    learned: ClassVar[Learned] = "each"

    def scores(self, logits: Values) -> Scores:
        return log_softmax(log_sigmoid(logits.astype(np.float64)))

    def stored(self, model: "nn.Module", classes: int) -> ActivationKind:
        """They are the softmax of their logarithms, which the model gives of very many classes: these can be
        compact."""
        if not is_compact(classes, distribution=True):
            return self
        from torch.nn.functional import logsigmoid

        model.register_forward_hook(lambda _, inputs, logits: logsigmoid(logits.float()))
        return Softmax(kind="softmax")


class CumulativeLink(ActivationKind):
    """The l-th logit says whether the row lies above level l; the last level has none."""

    kind: Literal["cumulative_link"]
    learned: ClassVar[Learned] = "above"

    def outputs(self, classes: int) -> int:
        return classes - 1

    def scores(self, logits: Float[np.ndarray, "*axes thresholds"]) -> Float64[np.ndarray, "*axes levels"]:
        """P(level l) = P(above l - 1) - P(above l) = s(a) s(-b) (1 - e^(b - a)), with a >= b the logits of the two and
        s the sigmoid. A model's thresholds may cross: the higher gives way to the lower."""
        falling = np.minimum.accumulate(logits.astype(np.float64), axis=-1)
        above, below = log_sigmoid(falling), log_sigmoid(-falling)
        with np.errstate(divide="ignore"):
            apart = np.log(-np.expm1(np.diff(falling, axis=-1)))
        between = np.maximum(above[..., :-1] + below[..., 1:] + apart, NEVER)
        return np.concatenate([below[..., :1], between, above[..., -1:]], axis=-1)

    def soft_targets(self, targets: Float[Tensor, "batch classes"]) -> SoftTargets:
        """How much of it lies above each level."""
        return targets.flip(1).cumsum(1).flip(1)[:, 1:]

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        return ((logits > 0).sum(dim=1) == (targets > 0.5).sum(dim=1)).float()


class Identity(ActivationKind):
    """Numbers."""

    kind: Literal["identity"]
    learned: ClassVar[Learned] = "value"
    gives_values: ClassVar[bool] = True
    form: ClassVar[str] = "value"

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        return logits[:, 0] * math.nan


class Level(ActivationKind):
    """Levels that have an order, by one number."""

    kind: Literal["level"]
    learned: ClassVar[Learned] = "value"
    gives_values: ClassVar[bool] = True
    form: ClassVar[str] = "level"

    def outputs(self, classes: int) -> int:
        return 1

    def soft_targets(self, targets: Float[Tensor, "batch classes"]) -> SoftTargets:
        import torch

        return targets @ torch.arange(targets.shape[1], dtype=targets.dtype, device=targets.device)[:, None]

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        return (logits.round() == targets.round()).float()[:, 0]


class ColumnSoftmax(ActivationKind):
    """A softmax over the classes of each of several columns, which follow each other."""

    kind: Literal["column_softmax"]
    sizes: tuple[int, ...]
    """How many classes each column has."""
    form: ClassVar[str] = "column_distributions"

    @classmethod
    def over(cls, sizes: Sequence[int]) -> ActivationKind:
        return cls(kind="column_softmax", sizes=tuple(sizes))

    def outputs(self, classes: int) -> int:
        if sum(self.sizes) != classes:
            raise ValueError(f"columns have {sum(self.sizes)} classes together, but there are {classes} classes")
        return classes

    def scores(self, logits: Values) -> Scores:
        return column_by_column(log_softmax, logits.astype(np.float64), self.sizes)

    def of_columns(self, loss: LossFunction) -> LossFunction:
        """The mean over columns. A column counts as much as its targets sum to: 1, or 0 where its label is missing,
        and what mixing makes of these. So each known label counts the same, whatever its image lacks."""
        from torch import stack

        return lambda logits, targets: stack([loss(*column) for column in self._columns(logits, targets)]).mean(dim=0)

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        from torch import stack

        columns = self._columns(logits, targets)
        correct = stack([found.argmax(dim=1) == wanted.argmax(dim=1) for found, wanted in columns], dim=1)
        known = stack([wanted.sum(dim=1) > 0 for _, wanted in columns], dim=1)
        return (correct & known).sum(dim=1) / known.sum(dim=1).clamp_min(1)

    def _columns(self, logits: Logits, targets: SoftTargets) -> list[tuple[Tensor, Tensor]]:
        return list(zip(*(one.split(list(self.sizes), dim=1) for one in (logits, targets)), strict=True))


Activation = Annotated[ActivationKind, union_of("foldline.card.activations", ActivationKind)]
"""In files a word, or `{"kind": "column_softmax", "sizes": [3, 3]}`."""
ACTIVATIONS = by_kind(Activation, ActivationKind)


def log_softmax(logits: Values) -> Values:
    return scipy.special.log_softmax(logits, axis=-1)


def log_sigmoid(logits: Values) -> Values:
    return -np.logaddexp(0, -logits)


def column_by_column(operation: Callable[[np.ndarray], np.ndarray], values: Values, sizes: Sequence[int]) -> Values:
    """What the operation makes of each distribution's outputs by themselves; sizes: how many each has."""
    if len(sizes) == 1:
        return operation(values)
    return np.concatenate([operation(values[..., mine]) for mine in column_slices(sizes)], axis=-1)
