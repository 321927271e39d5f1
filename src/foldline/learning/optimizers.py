"""Optimisers from their section, what steers them, and what keeps their gradients in bounds."""

from collections.abc import Callable
from typing import Any

from accelerate import Accelerator
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from foldline.config import train

Clip = Callable[[Accelerator, nn.Module], None]
"""Called between the last backward pass of a step and the step."""


def build_optimizer(optimizer: train.Optimizer, groups: list[dict[str, Any]]) -> Optimizer:
    match optimizer:
        case train.Sgd():
            return SGD(groups, momentum=optimizer.momentum, nesterov=optimizer.nesterov)
        case train.AdamW():
            return AdamW(groups, betas=(optimizer.beta1, optimizer.beta2))


def set_rates(optimizer: Optimizer, share: float) -> None:
    """Every group's learning rate becomes `share` of its own peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_rate"] * share


def build_clip(clipping: train.Clipping) -> Clip:
    match clipping:
        case train.NoClipping():
            return lambda accelerator, model: None
        case train.ClipNorm():
            limit = clipping.limit

            def clip_norm(accelerator: Accelerator, model: nn.Module) -> None:
                accelerator.clip_grad_norm_(model.parameters(), limit)

            return clip_norm
