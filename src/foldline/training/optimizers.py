"""Optimisers from their section, what steers them, and what keeps their gradients in bounds."""

import difflib
from collections.abc import Callable
from typing import Any

from accelerate import Accelerator
from timm.optim._optim_factory import create_optimizer_v2, get_optimizer_info, list_optimizers
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from foldline.files.refusal import Refusal, listed
from foldline.training import optimizer_section as kinds
from foldline.training.schedules import Schedule

Clip = Callable[[Accelerator, nn.Module], object]
"""Called between the last backward pass of a step and the step."""
Steer = Callable[[Optimizer, int], None]
"""Called before each step, with its number."""


def build_optimizer(optimizer: kinds.Optimizer, groups: list[dict[str, Any]]) -> Optimizer:
    """Raises Refusal when timm knows no such optimiser, or when it does not take its options."""
    match optimizer:
        case kinds.Sgd():
            return SGD(groups, momentum=optimizer.momentum, nesterov=optimizer.nesterov)
        case kinds.Adam():
            return Adam(groups, betas=(optimizer.beta1, optimizer.beta2))
        case kinds.AdamW():
            return AdamW(groups, betas=(optimizer.beta1, optimizer.beta2))
        case kinds.OfTimm():
            return _of_timm(optimizer, groups)


def steering(rates: Schedule, momenta: Schedule | None, optimizer: Optimizer) -> Steer:
    """Every group's learning rate becomes a share of its own peak; momentum, where it has a schedule, is of all.

    Raises Refusal when there is a schedule for the momentum of an optimiser that has none.
    """
    if momenta is not None and not all("momentum" in group or "betas" in group for group in optimizer.param_groups):
        raise Refusal(
            f"train.schedule moves the momentum, but {type(optimizer).__name__} has none. "
            "Use another train.optimizer, or a schedule without momentum (warmup_cosine, restarts)."
        )

    def steer(steered: Optimizer, step: int) -> None:
        set_rates(steered, rates(step))
        if momenta is not None:
            set_momentum(steered, momenta(step))

    return steer


def set_rates(optimizer: Optimizer, share: float) -> None:
    """Every group's learning rate becomes `share` of its own peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_rate"] * share


def set_momentum(optimizer: Optimizer, momentum: float) -> None:
    """For optimisers of Adam's type it is beta1."""
    for group in optimizer.param_groups:
        if "betas" in group:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


def build_clip(clipping: kinds.Clipping) -> Clip:
    match clipping:
        case kinds.NoClipping():
            return lambda accelerator, model: None
        case kinds.ClipNorm(limit=limit):
            return lambda accelerator, model: accelerator.clip_grad_norm_(model.parameters(), limit)
        case kinds.ClipValue(limit=limit):
            return lambda accelerator, model: accelerator.clip_grad_value_(model.parameters(), limit)


def _of_timm(optimizer: kinds.OfTimm, groups: list[dict[str, Any]]) -> Optimizer:
    if optimizer.name not in list_optimizers():
        close = difflib.get_close_matches(optimizer.name, list_optimizers(), n=5) or list_optimizers()
        raise Refusal(f"train.optimizer.name: timm knows no optimiser `{optimizer.name}`. Close: {listed(close)}.")
    if get_optimizer_info(optimizer.name).second_order:
        raise Refusal(f"train.optimizer.name: `{optimizer.name}` needs gradients of gradients. Use another.")
    try:
        options: dict[str, Any] = dict(optimizer.options)
        return create_optimizer_v2(groups, optimizer.name, lr=None, weight_decay=0.0, **options)
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        raise Refusal(
            f"train.optimizer: timm's `{optimizer.name}` cannot be had with the options {optimizer.options} ({error})."
        ) from None
