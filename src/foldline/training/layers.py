"""Layers of ours in any of timm's models: another activation, channels that drop out, poolings."""

from typing import Any

import torch
from jaxtyping import Float
from timm.layers.create_act import _ACT_LAYER_DEFAULT, _ACT_LAYER_ME
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, linear, normalize

from foldline.files.refusal import Refusal, listed
from foldline.training.in_force import activations_of

GATES = (nn.Sigmoid, nn.Hardsigmoid, nn.Identity)
"""What weighs channels (squeeze and excitation) stays what it is."""


def replace_activations(backbone: nn.Module, name: str) -> None:
    """Every activation module between the backbone's layers becomes timm's `name`.

    Raises Refusal for a name that timm does not know, and for a model without such modules (they may be functions).
    """
    known = activation_layers()
    if name not in known:
        raise Refusal(f"train.model.hidden_activation is {name!r}. Valid: {listed(('default', *known), 30)}.")
    kinds = {*known.values(), *_ACT_LAYER_ME.values(), nn.GELU}
    replaceable = tuple(kind for kind in kinds if isinstance(kind, type) and not issubclass(kind, GATES))
    found = [
        (parent, child_name)
        for parent in backbone.modules()
        for child_name, child in parent.named_children()
        if isinstance(child, replaceable)
    ]
    if not found:
        raise Refusal(
            f"train.model.hidden_activation is {name!r}, but this {type(backbone).__name__} has no activation that can "
            "be replaced. Set it to default."
        )
    for parent, child_name in found:
        setattr(parent, child_name, known[name]())


def activation_layers() -> dict[str, type[nn.Module]]:
    """Those that timm knows, by its names."""
    return {key: kind for key, kind in _ACT_LAYER_DEFAULT.items() if isinstance(kind, type)}


def remaining_activations(name: str, seen: set[str]) -> set[str]:
    """Of the functions that a backbone was `seen` to call, those that are none of the activation `name`."""
    return seen - activations_of(activation_layers()[name]())


def add_spatial_dropout(backbone: nn.Module, rate: float) -> None:
    """Dropout2d at the end of each stage (spatial dropout, Tompson et al. 2015).

    Raises Refusal for a model whose stages are no sequences of blocks.
    """
    infos, layers = getattr(backbone, "feature_info", None) or [], dict(backbone.named_modules())
    channels = {layers.get(info["module"]): info["num_chs"] for info in infos if info["module"]}
    stages = {
        module if isinstance(module, nn.Sequential) else getattr(module, "blocks", None): number
        for module, number in channels.items()
    }
    sequences = {stage: number for stage, number in stages.items() if isinstance(stage, nn.Sequential)}
    if not sequences:
        raise Refusal(
            f"train.model.spatial_dropout_rate is {rate}, but the stages of this {type(backbone).__name__} are no "
            "sequences of blocks that one more could follow. Set it to 0."
        )
    for stage, number in sequences.items():
        stage.append(ChannelDropout(rate, number))


class ChannelDropout(nn.Dropout2d):
    """Raises Refusal, in training, for what is no map of so many channels, of which torch would drop something else."""

    def __init__(self, rate: float, channels: int) -> None:
        super().__init__(rate)
        self.channels = channels

    def forward(self, input: Any) -> Any:
        if not self.training:
            return input
        require_map(input, self.channels, f"train.model.spatial_dropout_rate is {self.p}, which", "0")
        return super().forward(input)


class MapOfFeatures(nn.Module):
    """Lets maps of features through. Raises Refusal for what else a backbone may give."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, given: Any) -> Float[Tensor, "batch features height width"]:
        require_map(given, self.features, "train.model.pooling", "{kind: default}")
        return given


def require_map(given: Any, features: int, key: str, default: str) -> None:
    """Raises Refusal when it is no tensor (batch, features, height, width). key: whose value other than `default` needs
    one."""
    shape = tuple(given.shape) if isinstance(given, Tensor) else type(given).__name__
    if len(shape) != 4 or shape[1] != features:
        raise Refusal(
            f"{key} needs a model that makes maps of features (batch, features, height, width); this one makes "
            f"{shape}. Set it to {default}."
        )


class GeneralizedMean(nn.Module):
    """GeM (Radenovic et al. 2018): features below a millionth count as that much; the power is one learned number."""

    def __init__(self, power: float, least: float = 1e-6) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor([power]))
        self.least = least

    def forward(self, features: Float[Tensor, "batch features height width"]) -> Float[Tensor, "batch features"]:
        powers = features.float().clamp(min=self.least) ** self.power
        return (avg_pool2d(powers, powers.shape[-2:]) ** (1 / self.power)).flatten(1)


class ScaledCosines(nn.Module):
    """Of the angles between features and each class's weights; in float32, since half as many bits blur an angle."""

    def __init__(self, features: int, outputs: int, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_normal_(torch.empty(outputs, features)))
        self.scale = scale

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch outputs"]:
        with torch.autocast(features.device.type, enabled=False):
            return self.scale * linear(normalize(features.float()), normalize(self.weight.float()))
