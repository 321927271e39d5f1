"""Parameter groups: a peak learning rate by depth, and no weight decay on norms and biases."""

from typing import Any, cast

from timm.models import group_parameters
from torch import nn

from foldline.config.train import Rates
from foldline.learning.models import Classifier
from foldline.refusal import Refusal


def parameter_groups(model: Classifier, rates: Rates, weight_decay: float) -> list[dict[str, Any]]:
    """Groups for an optimiser, the head's last. Each carries its own `peak_rate`, which a schedule scales.

    Layers are grouped as timm groups them (BEiT's layer-wise decay); layers of equal rate share a group.
    """
    backbone = model.backbone
    depths = layer_depths(backbone, rates) if rates.layer_decay < 1 else {}
    spared = {f"backbone.{name}" for name in getattr(backbone, "no_weight_decay", set)()}
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        in_head = name.startswith("head.")
        depth = depths.get(name.removeprefix("backbone."), 0)
        peak_rate = rates.head if in_head else rates.body * rates.layer_decay**depth
        decays = parameter.ndim > 1 and name not in spared
        group = groups.setdefault(
            (peak_rate, decays),
            {"params": [], "peak_rate": peak_rate, "lr": peak_rate, "weight_decay": weight_decay if decays else 0.0},
        )
        group["params"].append(parameter)
    return list(groups.values())


def layer_depths(backbone: nn.Module, rates: Rates) -> dict[str, int]:
    """For each of the backbone's parameters, how many of timm's layer groups lie between it and the head.

    Raises Refusal when timm does not know the model's layers.
    """
    if not hasattr(backbone, "group_matcher"):
        raise Refusal(
            f"train.rates.layer_decay is {rates.layer_decay}, but timm does not group the layers of "
            f"{type(backbone).__name__}. Set it to 1."
        )
    matcher = backbone.group_matcher(coarse=rates.groups == "stages")  # type: ignore[operator]
    layers = cast(dict[str, int], group_parameters(backbone, matcher, reverse=True))
    deepest = max(layers.values())
    return {name: deepest - layer for name, layer in layers.items()}
