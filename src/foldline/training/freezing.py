"""Which parts of a model learn in which epoch."""

from collections.abc import Callable, Mapping

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from foldline.training.groups import BACKBONE, layer_depths
from foldline.training.models import Classifier
from foldline.training.optimizer_section import Freezing, GradualFreezing

StartEpoch = Callable[[nn.Module, int], bool]
"""Put the model into training mode for an epoch, from 0; whether other parameters learn than before."""


def build_freezing(freezing: Freezing, model: Classifier) -> StartEpoch:
    """Raises Refusal when stages are to be unfrozen one by one, and timm does not know the model's."""
    if not isinstance(freezing, GradualFreezing):
        return lambda followed, epoch: thaw(followed, {}, 0, False)
    names = [name for name, _ in model.backbone.named_parameters()]
    by_stage = freezing.stage_epochs > 0
    depths = layer_depths(model.backbone, "stages") if by_stage else dict.fromkeys(names, 0)
    frozen_below = {f"{BACKBONE}{name}": depth for name, depth in depths.items()}

    def start_epoch(followed: nn.Module, epoch: int) -> bool:
        since = epoch - freezing.head_epochs
        learning = 0 if since < 0 else 1 + since // freezing.stage_epochs if by_stage else 1
        return thaw(followed, frozen_below, learning, freezing.batchnorm == "eval")

    return start_epoch


def thaw(model: nn.Module, depths: Mapping[str, int], learning: int, still: bool) -> bool:
    """The parameters whose depth is below `learning` learn, as do those without a depth; whether this is a change.

    `still`: BatchNorm layers none of whose parameters learn use their running statistics, and keep them.
    """
    changed = False
    for name, parameter in model.named_parameters():
        learns = depths.get(name, -1) < learning
        changed |= parameter.requires_grad != learns
        parameter.requires_grad_(learns)
    model.train()
    if still:
        for norm in batchnorms(model):
            norm.train(any(parameter.requires_grad for parameter in norm.parameters()))
    return changed


def batchnorms(model: nn.Module) -> list[_BatchNorm]:
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]
