"""What a model learns: an activation and a loss, joined (the table "Targets, outputs, answers" of docs/design.md).

An objective knows how many outputs a model has, what its logits mean, how targets look to the loss, and which images
are right. There is one class for each activation; nobody else asks which it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from scipy.sparse import csr_array
from torch import Tensor

from foldline.card.activations import Activation, ActivationKind, Learned, activation_for, outputs_of
from foldline.training.losses import Logits, Loss, LossFunction, PerImage, SoftTargets


@dataclass(frozen=True)
class Objective:
    """Of a softmax: a distribution over the classes."""

    activation: Activation
    outputs: int
    loss: LossFunction
    target_mean: Float[Tensor, " outputs"]
    target_std: Float[Tensor, " outputs"]
    """Of the training targets where these are values: where a model's outputs begin. 0 and 1 for all else."""
    learned: ClassVar[Learned] = "distribution"

    @classmethod
    def build(cls, activation: Activation, outputs: int, loss: Loss, training: csr_array) -> "Objective":
        """`training`: the targets that are learned from, (samples, classes)."""
        mean, std = torch.zeros(outputs), torch.ones(outputs)
        return cls(activation, outputs, loss.build(cls.learned, std), mean, std)

    @staticmethod
    def soft_targets(targets: Float32[Tensor, "batch classes"]) -> SoftTargets:
        """Targets, a share or number per class, as the loss takes them: as wide as the logits."""
        return targets

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        """1 for an image whose answer is right, 0 for another; for labels, the share that is, of those that are known
        (0 where none is); for a regression NaN."""
        return (logits.argmax(dim=1) == targets.argmax(dim=1)).float()


class SigmoidsToOne(Objective):
    """Of sigmoids that are divided by their sum."""

    learned: ClassVar[Learned] = "each"


class Sigmoids(Objective):
    """Of each label by itself."""

    learned: ClassVar[Learned] = "each"

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        return ((logits > 0) == (targets > 0.5)).float().mean(dim=1)


class ColumnSoftmaxes(Objective):
    """Of a softmax over the classes of each of several columns, which follow each other. A column counts as much as
    its targets sum to: 1, or 0 where its label is missing, and what mixing makes of these. So each known label counts
    the same, whatever its image lacks."""

    @classmethod
    def build(cls, activation: Activation, outputs: int, loss: Loss, training: csr_array) -> "Objective":
        plain = super().build(activation, outputs, loss, training)

        def mean(logits: Logits, targets: SoftTargets) -> PerImage:
            columns = by_column(activation, logits, targets)
            return torch.stack([plain.loss(*column) for column in columns]).mean(dim=0)

        return replace(plain, loss=mean)

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        columns = by_column(self.activation, logits, targets)
        correct = torch.stack([found.argmax(dim=1) == wanted.argmax(dim=1) for found, wanted in columns], dim=1)
        known = torch.stack([wanted.sum(dim=1) > 0 for _, wanted in columns], dim=1)
        return (correct & known).sum(dim=1) / known.sum(dim=1).clamp_min(1)


class Thresholds(Objective):
    """Of levels in order, by whether the image is above each but the last."""

    learned: ClassVar[Learned] = "above"

    @staticmethod
    def soft_targets(targets: Float32[Tensor, "batch classes"]) -> SoftTargets:
        """How much of it lies above each level."""
        return targets.flip(1).cumsum(1).flip(1)[:, 1:]

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        return ((logits > 0).sum(dim=1) == (targets > 0.5).sum(dim=1)).float()


class Numbers(Objective):
    learned: ClassVar[Learned] = "value"

    @classmethod
    def build(cls, activation: Activation, outputs: int, loss: Loss, training: csr_array) -> "Objective":
        mean, std = standardisation(cls.soft_targets(torch.from_numpy(training.toarray())).numpy())
        return cls(activation, outputs, loss.build(cls.learned, std), mean, std)

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        return torch.full_like(logits[:, 0], torch.nan)


class LevelNumber(Numbers):
    """Of levels in order, by one number."""

    @staticmethod
    def soft_targets(targets: Float32[Tensor, "batch classes"]) -> SoftTargets:
        return targets @ torch.arange(targets.shape[1], dtype=targets.dtype, device=targets.device)[:, None]

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        return (logits.round() == targets.round()).float()[:, 0]


OBJECTIVES: Mapping[ActivationKind, type[Objective]] = {
    "softmax": Objective,
    "normalised_sigmoid": SigmoidsToOne,
    "sigmoid": Sigmoids,
    "column_softmax": ColumnSoftmaxes,
    "cumulative_link": Thresholds,
    "identity": Numbers,
    "level": LevelNumber,
}


def build_objective(kind: ActivationKind, loss: Loss, sizes: Sequence[int], training: csr_array) -> Objective:
    """`sizes`: how many classes each column of a target of several labels has; of all others, how many there are.
    `training`: the targets that are learned from, (samples, classes). `kind`: what the loss makes of a model's
    outputs."""
    activation = activation_for(kind, sizes)
    return OBJECTIVES[kind].build(activation, outputs_of(activation, sum(sizes)), loss, training)


def by_column(activation: Any, logits: Logits, targets: SoftTargets) -> list[tuple[Tensor, Tensor]]:
    """`activation`: a softmax for each column."""
    sizes = list(activation.sizes)
    return list(zip(logits.split(sizes, dim=1), targets.split(sizes, dim=1), strict=True))


def standardisation(
    values: Shaped[np.ndarray, "samples outputs"],
) -> tuple[Float[Tensor, " outputs"], Float[Tensor, " outputs"]]:
    """Mean and standard deviation of each column without its NaN: 0 and 1 where it holds nothing else, and a standard
    deviation of 1 instead of 0."""
    known = np.ma.masked_invalid(values.astype(np.float64))
    mean, std = (np.asarray(of.filled(np.nan)) for of in (known.mean(axis=0), known.std(axis=0)))
    std = np.where(std > 0, std, 1.0)
    return torch.from_numpy(np.nan_to_num(mean)).float(), torch.from_numpy(std).float()
