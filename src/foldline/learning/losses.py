"""Losses: from logits and targets to a loss per image, so that a step may be cut into parts of any size."""

from collections.abc import Callable

from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy

from foldline.config.train import CrossEntropy

Logits = Float[Tensor, "batch outputs"]
Targets = Int64[Tensor, " batch"]
Loss = Callable[[Logits, Targets], Float[Tensor, " batch"]]


def build_loss(loss: CrossEntropy) -> Loss:
    smoothing = loss.smoothing
    return lambda logits, targets: cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)


def is_right(logits: Logits, targets: Targets) -> Bool[Tensor, " batch"]:
    return logits.argmax(dim=1) == targets
