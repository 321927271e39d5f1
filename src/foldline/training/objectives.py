"""What a model learns: an activation (card/activations.py) and a loss, joined."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from scipy.sparse import csr_array
from torch import Tensor

from foldline.card.activations import ActivationKind
from foldline.training.losses import Logits, Loss, LossFunction, PerImage, SoftTargets


@dataclass(frozen=True)
class Objective:
    """How many outputs a model has, what its logits mean, how targets look to the loss, and which images are right."""

    activation: ActivationKind
    outputs: int
    loss: LossFunction
    target_mean: Float[Tensor, " outputs"]
    target_std: Float[Tensor, " outputs"]
    """Of the training targets where these are values: where a model's outputs begin. 0 and 1 for all else."""

    def soft_targets(self, targets: Float32[Tensor, "batch classes"]) -> SoftTargets:
        return self.activation.soft_targets(targets)

    def correct(self, logits: Logits, targets: SoftTargets) -> PerImage:
        return self.activation.correct(logits, targets)


def build_objective(kind: type[ActivationKind], loss: Loss, sizes: Sequence[int], training: csr_array) -> Objective:
    """`sizes`: how many classes each column of a target of several labels has; of all others, how many there are.
    `training`: the targets that are learned from, (samples, classes). `kind`: what the loss makes of a model's
    outputs."""
    activation = kind.over(sizes)
    outputs = activation.outputs(sum(sizes))
    mean, std = torch.zeros(outputs), torch.ones(outputs)
    if activation.gives_values:
        mean, std = standardisation(activation.soft_targets(torch.from_numpy(training.toarray())).numpy())
    return Objective(activation, outputs, activation.of_columns(loss.build(activation.learned, std)), mean, std)


def standardisation(
    values: Shaped[np.ndarray, "samples outputs"],
) -> tuple[Float[Tensor, " outputs"], Float[Tensor, " outputs"]]:
    """Mean and standard deviation of each column without its NaN: 0 and 1 where it holds nothing else, and a standard
    deviation of 1 instead of 0."""
    known = np.ma.masked_invalid(values.astype(np.float64))
    mean, std = (np.asarray(of.filled(np.nan)) for of in (known.mean(axis=0), known.std(axis=0)))
    std = np.where(std > 0, std, 1.0)
    return torch.from_numpy(np.nan_to_num(mean)).float(), torch.from_numpy(std).float()
