"""Part `train.loss`: from logits and soft targets to a loss per image, so that a step may be cut into micro-batches.

Targets are soft throughout, as wide as the logits: a probability per class, or 0 to 1 per output, or a value. So
whatever mixes images mixes their targets alike. What losses compute is in loss_functions.py.
"""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, get_args

from jaxtyping import Float
from pydantic import NonNegativeFloat, PositiveFloat

from foldline.card.activations import ActivationKind, Learned, Logits, LossFunction, PerImage, SoftTargets
from foldline.files.refusal import Refusal, listed
from foldline.params.kinds import by_kind, union_of
from foldline.params.section import FractionBelowOne
from foldline.training.train_part import Kind, OwnKind, Tensor


class Loss(Kind):
    learns: ClassVar[tuple[Learned, ...]]
    """What a model may learn by it: of a target that offers several of these, the first that the target names."""

    @property
    def is_of_values(self) -> bool:
        """Whether it is of numbers, which have no soft form that mixed images could have."""
        return self.learns == ("value",)

    @classmethod
    def activation(cls, offered: Iterable[type[ActivationKind]]) -> type[ActivationKind] | None:
        """What is made of a model's outputs; None where the loss fits nothing that a target offers."""
        return next((activation for activation in offered if activation.learned in cls.learns), None)

    def fitting_activation(self, offered: Iterable[type[ActivationKind]], target: str) -> type[ActivationKind]:
        """The same. Raises Refusal where there is none; target: in words."""
        found = self.activation(offered)
        if found is None:
            fitting = [kind for kind, other in by_kind(Losses, Loss).items() if other.activation(offered)]
            raise Refusal(
                f"params.yaml: `train.loss.kind` is {self.kind}, which does not fit {target}. Fitting: "
                f"{listed(fitting, 20)}."
            )
        return found

    def build(self, learned: Learned, scale: Float[Tensor, " outputs"]) -> LossFunction:
        """`learned`: one of what it learns. `scale`: the standard deviations of the training
        targets, in whose units errors of values are measured."""
        raise NotImplementedError

    def measured(self, learned: Learned) -> "Loss":
        """What validation measures, so that epochs and recipes can be compared: without smoothing. What two different
        losses measure cannot be."""
        return self.model_copy(update={"smoothing": 0.0}) if "smoothing" in type(self).model_fields else self

    def try_out(self) -> None:
        """Raises Refusal where it is no loss, as one of one's own may be."""


class CrossEntropy(Loss):
    """On log-softmax; smoothing spreads this fraction of the target over all classes."""

    kind: Literal["cross_entropy"]
    smoothing: FractionBelowOne
    learns: ClassVar = ("distribution",)

    def build(self, learned: Learned, scale: Float[Tensor, " outputs"]) -> LossFunction:
        from foldline.training.loss_functions import cross_entropy

        return lambda logits, targets: cross_entropy(logits, targets, self.smoothing)


class BinaryCrossEntropy(Loss):
    """The mean over classes, each by itself; smoothing draws targets towards 1/2 by this fraction."""

    kind: Literal["binary_cross_entropy"]
    smoothing: FractionBelowOne
    learns: ClassVar = ("each",)

    def build(self, learned: Learned, scale: Float[Tensor, " outputs"]) -> LossFunction:
        from foldline.training.loss_functions import binary_cross_entropy

        return lambda logits, targets: binary_cross_entropy(logits, targets + self.smoothing * (0.5 - targets))


class Focal(Loss):
    """Cross-entropy times (1 - probability of what is right) ** gamma (Lin et al. 2017); 0 is cross-entropy."""

    kind: Literal["focal"]
    gamma: NonNegativeFloat
    learns: ClassVar = ("distribution", "each")

    def build(self, learned: Learned, scale: Float[Tensor, " outputs"]) -> LossFunction:
        from foldline.training.loss_functions import binary_focal, focal

        form = binary_focal if learned == "each" else focal
        return lambda logits, targets: form(logits, targets, self.gamma)

    def measured(self, learned: Learned) -> Loss:
        """Without its gamma, by which it is small for all that is nearly right."""
        if learned == "each":
            return BinaryCrossEntropy(kind="binary_cross_entropy", smoothing=0.0)
        return CrossEntropy(kind="cross_entropy", smoothing=0.0)


class CumulativeLink(Loss):
    """For levels that have an order: binary cross-entropy of "above level l" for every l but the last (mean)."""

    kind: Literal["cumulative_link"]
    learns: ClassVar = ("above",)

    def build(self, learned: Learned, scale: Float[Tensor, " outputs"]) -> LossFunction:
        from foldline.training.loss_functions import binary_cross_entropy

        return binary_cross_entropy


class MeanSquaredError(Loss):
    """In units of the training targets' variance, as the other two are in units of their standard deviation."""

    kind: Literal["mean_squared_error"]
    learns: ClassVar = ("value",)

    def build(self, learned: Learned, scale: Float[Tensor, " outputs"]) -> LossFunction:
        from foldline.training.loss_functions import errors

        return lambda logits, targets: errors(logits, targets, scale).square().mean(dim=1)


class MeanAbsoluteError(Loss):
    kind: Literal["mean_absolute_error"]
    learns: ClassVar = ("value",)

    def build(self, learned: Learned, scale: Float[Tensor, " outputs"]) -> LossFunction:
        from foldline.training.loss_functions import errors

        return lambda logits, targets: errors(logits, targets, scale).abs().mean(dim=1)


class Huber(Loss):
    """Squared up to `delta` standard deviations of the training targets, absolute beyond (Huber 1964)."""

    kind: Literal["huber"]
    delta: PositiveFloat
    learns: ClassVar = ("value",)

    def build(self, learned: Learned, scale: Float[Tensor, " outputs"]) -> LossFunction:
        from foldline.training.loss_functions import errors, huber

        return lambda logits, targets: huber(errors(logits, targets, scale), self.delta).mean(dim=1)


class OwnLoss(Loss, OwnKind):
    """A class of one's own: `name(**keys)` gives what is called with logits and soft targets, both float
    (batch, outputs), and returns a loss per image, (batch,)."""

    learns: ClassVar = get_args(Learned)

    def build(self, learned: Learned, scale: Float[Tensor, " outputs"]) -> LossFunction:
        loss = self.made("logits and targets")

        def losses(logits: Logits, targets: SoftTargets) -> PerImage:
            with self.blamed():
                found = loss(logits, targets)
            if getattr(found, "shape", None) != logits.shape[:1]:
                shape = tuple(found.shape) if hasattr(found, "shape") else type(found).__name__
                raise self.refusal(
                    f"makes {shape} of logits and targets of shape {tuple(logits.shape)}: a loss per image has the "
                    f"shape {tuple(logits.shape[:1])}. Reduce over all dimensions but the first."
                )
            return found

        return losses

    def try_out(self) -> None:
        """It is called with five images, whose targets any activation could have, and its gradient is asked for."""
        import torch

        logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
        losses = self.build("distribution", torch.ones(3))(logits, torch.eye(3)[[0, 1, 2, 0, 1]])
        if not losses.isfinite().all():
            raise self.refusal(f"makes losses that are not finite numbers: {losses.tolist()}.")
        if not losses.requires_grad:
            raise self.refusal("gives losses that do not depend on the logits: nothing could be learned from them.")
        with self.blamed():
            (gradient,) = torch.autograd.grad(losses.sum(), logits)
        if not gradient.isfinite().all():
            raise self.refusal("has a gradient that is not a finite number.")


Losses = Annotated[Loss, union_of("foldline.training.losses", Loss)]
