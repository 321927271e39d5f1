"""What losses compute of logits and soft targets, both (batch, outputs): a loss per image (losses.py)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, huber_loss, log_softmax, logsigmoid

from foldline.training.losses import Logits, PerImage, SoftTargets

CLOSE = 1e-6
"""How close to 1 or -1 a cosine may come: at these its angle has no slope."""


def errors(logits: Logits, targets: SoftTargets, scale: Float[Tensor, " outputs"]) -> Float[Tensor, "batch outputs"]:
    """0 where the target is NaN, unknown: so each known number counts the same, whatever its image lacks."""
    # Instead of the target, not of the error: 0 * NaN would reach the gradient.
    known = torch.where(targets.isnan(), logits.detach().to(targets.dtype), targets)
    return (logits - known) / scale.to(logits.device)


def huber(differences: Float[Tensor, "batch outputs"], delta: float) -> Float[Tensor, "batch outputs"]:
    return huber_loss(differences, torch.zeros_like(differences), reduction="none", delta=delta)


def cross_entropy(logits: Logits, targets: SoftTargets, smoothing: float) -> PerImage:
    """Smoothing as in Szegedy et al. 2016: each class receives its part of `smoothing`, the right one too. An image
    whose targets are all 0 costs nothing."""
    smooth = targets * (1 - smoothing) + smoothing / logits.shape[1] * targets.sum(dim=1, keepdim=True)
    return -(smooth * log_softmax(logits, dim=1)).sum(dim=1)


def binary_cross_entropy(logits: Logits, targets: SoftTargets) -> PerImage:
    return binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(dim=1)


def focal(logits: Logits, targets: SoftTargets, gamma: float) -> PerImage:
    """Each class's part of cross-entropy, times (1 - its probability) ** gamma (Lin et al. 2017)."""
    log_probabilities = log_softmax(logits, dim=1)
    return -(targets * _to_the(1 - log_probabilities.exp(), gamma) * log_probabilities).sum(dim=1)


def binary_focal(logits: Logits, targets: SoftTargets, gamma: float) -> PerImage:
    """The same for each output's yes and no."""
    log_yes, log_no = logsigmoid(logits), logsigmoid(-logits)
    yes = targets * _to_the(log_no.exp(), gamma) * log_yes
    no = (1 - targets) * _to_the(log_yes.exp(), gamma) * log_no
    return -(yes + no).mean(dim=1)


def with_angular_margin(logits: Logits, targets: SoftTargets, scale: float, margin: float) -> Logits:
    """`logits` are `scale` times cosines: each angle grows by its target's part of `margin`. Where that would be beyond
    half a turn, the cosine sinks in a straight line instead (as in the authors' own code)."""
    cosines = (logits.float() / scale).clamp(-1 + CLOSE, 1 - CLOSE)
    angles, margins = cosines.acos(), targets * margin
    grown = torch.where(angles + margins < math.pi, (angles + margins).cos(), cosines - margins * margins.sin())
    return scale * torch.where(targets > 0, grown, cosines)


def _to_the(probabilities: Tensor, gamma: float) -> Tensor:
    """`probabilities ** gamma`, whose slope at 0 is not infinite for a gamma below 1."""
    return probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny) ** gamma
