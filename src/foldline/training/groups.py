"""Parameter groups: a peak learning rate by depth, and no weight decay on norms and biases."""

from collections.abc import Callable
from typing import Any, cast

from timm.models import group_parameters
from torch import nn

from foldline.files.refusal import Refusal
from foldline.training.models import Classifier
from foldline.training.optimizer_section import LayerDecay, PartRates, Rates

BACKBONE = "backbone."


def parameter_groups(model: Classifier, rates: Rates, weight_decay: float) -> list[dict[str, Any]]:
    """Groups for an optimiser, the head's last. Each carries its own `peak_rate`, which a schedule scales.

    Layers are grouped as timm groups them (BEiT's layer-wise decay); layers of equal rate share a group. What belongs
    to neither backbone nor head (a learned pooling) has the head's rate.
    """
    backbone = model.backbone
    rate_of = peak_rates(backbone, rates)
    spared = {f"{BACKBONE}{name}" for name in getattr(backbone, "no_weight_decay", set)()}
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        peak_rate = rate_of(name.removeprefix(BACKBONE)) if name.startswith(BACKBONE) else rates.head
        decays = parameter.ndim > 1 and name not in spared
        group = groups.setdefault(
            (peak_rate, decays),
            {"params": [], "peak_rate": peak_rate, "lr": peak_rate, "weight_decay": weight_decay if decays else 0.0},
        )
        group["params"].append(parameter)
    return list(groups.values())


def peak_rates(backbone: nn.Module, rates: Rates) -> Callable[[str], float]:
    """From the name of one of the backbone's parameters to its peak rate.

    Raises Refusal when timm does not know the model's layers, or knows another number of stages.
    """
    match rates:
        case LayerDecay(layer_decay=1.0):
            return lambda name: rates.body
        case LayerDecay():
            depths = layer_depths(backbone, rates.groups)
            return lambda name: rates.body * rates.layer_decay ** depths[name]
        case PartRates():
            depths = layer_depths(backbone, "stages")
            from_top = (*reversed(rates.stages), rates.stem)
            if len(from_top) != max(depths.values()) + 1:
                raise Refusal(
                    f"train.rates.stages has {len(rates.stages)} rates, but timm sees {max(depths.values())} stages "
                    f"above the stem of this {type(backbone).__name__}. Give one rate for each."
                )
            return lambda name: from_top[depths[name]]


def layer_depths(backbone: nn.Module, groups: str) -> dict[str, int]:
    """For each of the backbone's parameters, how many of timm's layer groups lie between it and the head.

    `groups`: `blocks` or `stages`. Raises Refusal when timm does not know the model's layers.
    """
    if not hasattr(backbone, "group_matcher"):
        raise Refusal(
            f"timm does not group the layers of {type(backbone).__name__}. "
            "Set train.rates to {kind: layer_decay, layer_decay: 1.0, ...} and train.freezing to {kind: none}, "
            "or a freezing with stage_epochs: 0."
        )
    matcher = backbone.group_matcher(coarse=groups == "stages")  # type: ignore[operator]
    layers = cast(dict[str, int], group_parameters(backbone, matcher, reverse=True))
    deepest = max(layers.values())
    return {name: deepest - layer for name, layer in layers.items()}
