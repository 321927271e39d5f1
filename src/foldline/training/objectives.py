"""What a model must say about a kind of target: the table "Targets, outputs, answers" of docs/design.md.

One objective joins an activation and a loss: how many outputs a model has, what its logits mean, how targets look to
the loss, and which images are right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from scipy.sparse import csr_array
from torch import Tensor

from foldline.card.activations import Activation, ActivationKind, ColumnSoftmax, activation_for, is_value, outputs_of
from foldline.training.loss_functions import mean_over_columns
from foldline.training.losses import Logits, Loss, LossFunction, SoftTargets


@dataclass(frozen=True)
class Objective:
    activation: Activation
    outputs: int
    center: Float[Tensor, " outputs"]
    scale: Float[Tensor, " outputs"]
    """Mean and standard deviation of the training targets where these are values: where a model's outputs begin."""
    loss: LossFunction

    def soft(self, targets: Float32[Tensor, "batch classes"]) -> SoftTargets:
        """Targets, a share or number per class, as the loss takes them: as wide as the logits."""
        if self.activation == "level":
            return targets @ torch.arange(targets.shape[1], dtype=targets.dtype, device=targets.device)[:, None]
        if self.activation == "cumulative":  # How much of it lies above each level.
            return targets.flip(1).cumsum(1).flip(1)[:, 1:]
        return targets

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


def build_objective(activated: ActivationKind, loss: Loss, sizes: Sequence[int], training: csr_array) -> Objective:
    """`sizes`: how many classes each column of a target of several labels has; of all others, how many there are.
    `training`: the targets that are learned from, (samples, classes). `activated`: what the loss makes of a model's
    outputs."""
    activation = activation_for(activated, sizes)
    outputs = outputs_of(activation, sum(sizes))
    center, scale = torch.zeros(outputs), torch.ones(outputs)
    if is_value(activation):
        numbers = training.toarray() if activation == "identity" else training @ np.arange(sum(sizes))[:, None]
        center, scale = spread(numbers)
    form = loss.build(activation, scale)
    return Objective(
        activation=activation,
        outputs=outputs,
        center=center,
        scale=scale,
        loss=mean_over_columns(form, activation.sizes) if isinstance(activation, ColumnSoftmax) else form,
    )


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
