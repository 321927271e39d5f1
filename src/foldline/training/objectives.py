"""What a model must say about a kind of target: the table "Targets, outputs, answers" of docs/design.md.

One objective joins an activation and a loss: how many outputs a model has, what its logits mean, how targets look to
the loss, and which images are right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped, UInt8
from torch import Tensor
from torch.nn.functional import one_hot

from foldline.card.activations import Activation, ActivationKind, ColumnSoftmax, activation_for, is_value, outputs_of
from foldline.training.loss_functions import mean_over_columns
from foldline.training.losses import Logits, Loss, LossFunction, PerImage, SoftTargets
from foldline.training.section import Imbalance

Targets = (
    Int64[np.ndarray, " samples"]
    | Int64[np.ndarray, "samples columns"]
    | UInt8[np.ndarray, "samples classes"]
    | Float[np.ndarray, "samples columns"]
)
"""In the form of files/rows.py."""


@dataclass(frozen=True)
class Objective:
    activation: Activation
    outputs: int
    center: Float[Tensor, " outputs"]
    scale: Float[Tensor, " outputs"]
    """Mean and standard deviation of the training targets where these are values: where a model's outputs begin."""
    loss: LossFunction
    weights: Float[Tensor, " classes"] | None
    """What an image of each class counts in training, 1 on average; None where all count the same."""

    def soft(self, targets: Tensor) -> SoftTargets:
        """Targets as the loss takes them: as wide as the logits."""
        if is_value(self.activation):
            return targets.float().reshape(len(targets), self.outputs)
        if self.activation == "cumulative":
            levels = torch.arange(self.outputs, device=targets.device)
            return (targets[:, None] > levels).float()
        if isinstance(self.activation, ColumnSoftmax):
            return labelled(targets, self.outputs)
        return targets.float() if targets.ndim == 2 else one_hot(targets, self.outputs).float()

    def training_loss(self, logits: Logits, targets: SoftTargets) -> PerImage:
        """The loss with the weights of the classes; a mixed image counts as its parts do."""
        losses = self.loss(logits, targets)
        if self.weights is None:
            return losses
        return losses * (class_shares(targets, self.activation) @ self.weights.to(losses.device))

    def right(self, logits: Logits, targets: SoftTargets) -> Float[Tensor, " batch"]:
        """1 for an image whose answer is right, 0 for another; for labels, the share that is, of those that are known
        (0 where none is); for a regression NaN."""
        if self.activation == "identity":
            return torch.full_like(logits[:, 0], torch.nan)
        if self.activation == "level":
            return (logits.round() == targets.round()).float()[:, 0]
        if self.activation == "cumulative":
            return ((logits > 0).sum(dim=1) == (targets > 0.5).sum(dim=1)).float()
        if self.activation == "sigmoid":
            return ((logits > 0) == (targets > 0.5)).float().mean(dim=1)
        if isinstance(self.activation, ColumnSoftmax):
            return right_share(logits, targets, self.activation.sizes)
        return (logits.argmax(dim=1) == targets.argmax(dim=1)).float()


def build_objective(
    activated: ActivationKind, loss: Loss, imbalance: Imbalance, sizes: Sequence[int], training: Targets
) -> Objective:
    """`sizes`: how many classes each column of a target of several labels has; of all others, how many there are.
    `training`: the targets that are learned from. `activated`: what the loss makes of a model's outputs."""
    activation, classes = activation_for(activated, sizes), sum(sizes)
    outputs = outputs_of(activation, classes)
    center, scale = spread(training.reshape(-1, outputs)) if is_value(activation) else neutral(outputs)
    form = loss.build(activation, scale)
    return Objective(
        activation=activation,
        outputs=outputs,
        center=center,
        scale=scale,
        loss=mean_over_columns(form, activation.sizes) if isinstance(activation, ColumnSoftmax) else form,
        weights=class_weights(training, classes) if imbalance == "class_weights" else None,
    )


def labelled(positions: Int64[Tensor, "batch columns"], classes: int) -> SoftTargets:
    """1 at each label's position, of several columns' one each, 0 elsewhere; -1 stands for a missing label."""
    # A missing label's 1 stands behind all classes, and is cut off.
    places = torch.where(positions < 0, classes, positions)
    wide = torch.zeros(len(positions), classes + 1, device=positions.device)
    return wide.scatter_(1, places, 1.0)[:, :classes]


def right_share(logits: Logits, targets: SoftTargets, sizes: Sequence[int]) -> Float[Tensor, " batch"]:
    """Of each image's known labels."""
    columns = list(zip(logits.split(list(sizes), dim=1), targets.split(list(sizes), dim=1), strict=True))
    right = torch.stack([found.argmax(dim=1) == wanted.argmax(dim=1) for found, wanted in columns], dim=1)
    known = torch.stack([wanted.sum(dim=1) > 0 for _, wanted in columns], dim=1)
    return (right & known).sum(dim=1) / known.sum(dim=1).clamp_min(1)


def spread(
    values: Shaped[np.ndarray, "samples outputs"],
) -> tuple[Float[Tensor, " outputs"], Float[Tensor, " outputs"]]:
    """Mean and standard deviation of each column without its NaN: 0 and 1 where it holds nothing else, 1 in the place
    of no deviation."""
    known = np.ma.masked_invalid(values.astype(np.float64))
    center, scale = (np.asarray(of.filled(np.nan)) for of in (known.mean(axis=0), known.std(axis=0)))
    scale = np.where(scale > 0, scale, 1.0)
    return torch.from_numpy(np.nan_to_num(center)).float(), torch.from_numpy(scale).float()


def neutral(outputs: int) -> tuple[Float[Tensor, " outputs"], Float[Tensor, " outputs"]]:
    return torch.zeros(outputs), torch.ones(outputs)


def class_weights(training: Int64[np.ndarray, " samples"], classes: int) -> Float[Tensor, " classes"]:
    """Samples / (classes that there are * samples of the class): each class as heavy as any other."""
    counts = np.bincount(training, minlength=classes)
    present = np.count_nonzero(counts)
    return torch.from_numpy(len(training) / (present * np.maximum(counts, 1))).float()


def square_root_shares(training: Int64[np.ndarray, " samples"]) -> Float[np.ndarray, " samples"]:
    """How likely each sample is to be drawn, so that classes are drawn as the square roots of their counts."""
    shares = 1 / np.sqrt(np.bincount(training)[training])
    return shares / shares.sum()


def class_shares(targets: SoftTargets, activation: Activation) -> Float[Tensor, "batch classes"]:
    """Of cumulative targets, the differences between neighbours; of others themselves."""
    if activation != "cumulative":
        return targets
    ends = torch.ones_like(targets[:, :1])
    return -torch.diff(targets, dim=1, prepend=ends, append=0 * ends)
