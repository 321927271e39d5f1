"""Losses: from logits and soft targets to a loss per image, so that a step may be cut into parts of any size.

Targets are soft throughout, as wide as the logits: a share per class, or 0 to 1 per output, or a value. So whatever
mixes images mixes their targets alike.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, huber_loss, log_softmax, logsigmoid

from foldline.card.activations import Activation, ColumnSoftmax
from foldline.training import loss_section as kinds

Logits = Float[Tensor, "batch outputs"]
SoftTargets = Float[Tensor, "batch outputs"]
PerImage = Float[Tensor, " batch"]
Loss = Callable[[Logits, SoftTargets], PerImage]


def build_loss(loss: kinds.Loss, activation: Activation, scale: Float[Tensor, " outputs"]) -> Loss:
    """`activation`: what turns the logits into predictions (focal has a form for a softmax and one for sigmoids).
    `scale`: the standard deviations of the training targets, in whose units errors of values are measured."""
    form = _build_loss(loss, activation == "sigmoid", scale)
    return mean_over_columns(form, activation.sizes) if isinstance(activation, ColumnSoftmax) else form


def mean_over_columns(loss: Loss, sizes: Sequence[int]) -> Loss:
    """The mean of a softmax's loss over several columns of classes, which follow each other; sizes: how many classes
    each has. A column counts as much as its targets sum to: 1, or 0 where its label is missing, and what mixing makes
    of these. So each known label counts the same, whatever its image lacks."""

    def mean(logits: Logits, targets: SoftTargets) -> PerImage:
        columns = zip(logits.split(list(sizes), dim=1), targets.split(list(sizes), dim=1), strict=True)
        return torch.stack([loss(of_column, wanted) for of_column, wanted in columns]).mean(dim=0)

    return mean


def _build_loss(loss: kinds.Loss, independent: bool, scale: Float[Tensor, " outputs"]) -> Loss:
    match loss:
        case kinds.CrossEntropy(smoothing=smoothing):
            return lambda logits, targets: cross_entropy(logits, targets, smoothing)
        case kinds.BinaryCrossEntropy(smoothing=smoothing):
            return lambda logits, targets: binary_cross_entropy(logits, targets + smoothing * (0.5 - targets))
        case kinds.Cumulative():
            return binary_cross_entropy
        case kinds.Focal(gamma=gamma):
            form = binary_focal if independent else focal
            return lambda logits, targets: form(logits, targets, gamma)
        case kinds.MeanSquaredError():
            return lambda logits, targets: errors(logits, targets, scale).square().mean(dim=1)
        case kinds.MeanAbsoluteError():
            return lambda logits, targets: errors(logits, targets, scale).abs().mean(dim=1)
        case kinds.Huber(delta=delta):
            return lambda logits, targets: huber(errors(logits, targets, scale), delta).mean(dim=1)


def errors(logits: Logits, targets: SoftTargets, scale: Float[Tensor, " outputs"]) -> Float[Tensor, "batch outputs"]:
    """0 where the target is NaN, unknown: so each known number counts the same, whatever its image lacks."""
    # In the place of the target, not of the error: 0 * NaN would reach the gradient.
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
    log_shares = log_softmax(logits, dim=1)
    return -(targets * _to_the(1 - log_shares.exp(), gamma) * log_shares).sum(dim=1)


def binary_focal(logits: Logits, targets: SoftTargets, gamma: float) -> PerImage:
    """The same for each output's yes and no."""
    log_yes, log_no = logsigmoid(logits), logsigmoid(-logits)
    yes = targets * _to_the(log_no.exp(), gamma) * log_yes
    no = (1 - targets) * _to_the(log_yes.exp(), gamma) * log_no
    return -(yes + no).mean(dim=1)


def _to_the(shares: Tensor, gamma: float) -> Tensor:
    """`shares ** gamma`, whose slope at 0 is not infinite for a gamma below 1."""
    return shares.clamp_min(torch.finfo(shares.dtype).tiny) ** gamma
