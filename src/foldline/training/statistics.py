"""BatchNorm statistics for weights that no batch has gone through, as averaged weights are."""

from collections.abc import Callable, Iterable
from itertools import islice

import torch
from accelerate import Accelerator
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from foldline.training import average_section as kinds
from foldline.training.batches import Batch
from foldline.training.losses import Loss
from foldline.training.processes import over_processes

Refresh = Callable[[nn.Module, list[_BatchNorm], Iterable[Batch], Accelerator], None]
"""Give these BatchNorm layers of the model new statistics."""


def build_refresh(statistics: kinds.Statistics, loss: Loss) -> Refresh:
    match statistics:
        case kinds.ForwardStatistics(batches=count):
            return lambda model, norms, batches, accelerator: forward_statistics(model, norms, islice(batches, count))
        case kinds.TrainingStatistics(batches=count, rate=rate):
            return lambda model, norms, batches, accelerator: training_statistics(
                model, norms, islice(batches, count), loss, rate, accelerator
            )


@torch.no_grad()
def forward_statistics(model: nn.Module, norms: list[_BatchNorm], batches: Iterable[Batch]) -> None:
    """The mean over the batches (Izmailov et al. 2018, section 3.2). Dropout is off, as it is when the statistics are
    used."""
    model.eval()
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's word for a plain mean
        norm.train()
    for batch in batches:
        model(batch.images, *batch.side)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()


def training_statistics(
    model: nn.Module,
    norms: list[_BatchNorm],
    batches: Iterable[Batch],
    loss: Loss,
    rate: float,
    accelerator: Accelerator,
) -> None:
    """Steps of gradient descent at a rate that moves hardly a weight (document 000 takes 1e-7), while the statistics
    follow at their own momentum."""
    model.train()
    for norm in model.modules():
        if isinstance(norm, _BatchNorm) and norm not in norms:
            norm.eval()
    weights = list(model.parameters())
    with torch.enable_grad():
        for weight in weights:
            weight.requires_grad_()
        for batch in batches:
            losses = loss(model(batch.images, *batch.side), batch.targets)
            gradients = torch.autograd.grad(losses.mean(), weights, allow_unused=True, materialize_grads=True)
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.data.sub_(over_processes(gradient, "mean", accelerator), alpha=rate)
        for weight in weights:
            weight.requires_grad_(False)
    model.eval()
