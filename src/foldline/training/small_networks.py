"""Networks for small images that timm lacks, registered with it: `timm.create_model("rn16", num_classes=10)`.

fcnn, conv_encoder (of three blocks; conv_encoder4 of four), rn1 .. rn64 and rr1 .. rr64 are those of M. Vozár's report
"Classification Task on CIFAR-10"; it leaves open the encoder's widths and strides, how its last map becomes a row of
features, and where dropout stands: what is here is our choice. None has pretrained weights.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from foldline.training.cifar_resnet import SETTINGS

Images = Float[Tensor, "batch channels height width"]
Maps = Float[Tensor, "batch features height width"]


class StagedNetwork(nn.Module):
    """A stem, stages, a classifier, under the names by which timm asks for them."""

    def __init__(
        self,
        stem: nn.Module,
        stages: Sequence[tuple[nn.Sequential, int, int]],
        num_classes: int,
        drop_rate: float,
        pools: bool,
    ) -> None:
        """`stages`: layers, features, and by what factor the image is longer than the map. `drop_rate`: of what goes
        into the classifier. `pools`: whether the last stage makes a map, which is averaged."""
        super().__init__()
        self.stem = stem
        self.stages = nn.Sequential(*(stage for stage, _, _ in stages))
        self.feature_info = [
            {"num_chs": features, "reduction": reduction, "module": f"stages.{number}"}
            for number, (_, features, reduction) in enumerate(stages)
        ]
        self.num_features = self.head_hidden_size = stages[-1][1]
        self.pools = pools
        self.head_drop = nn.Dropout(drop_rate)
        self.num_classes = num_classes
        self.fc = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """For layer-wise rates: a stage, or a block of one, is a group."""
        return {"stem": r"^stem", "blocks": r"^stages\.(\d+)" if coarse else r"^stages\.(\d+)\.(\d+)"}

    def forward(self, x: Images) -> Float[Tensor, "batch outputs ..."]:
        x = self.stages(self.stem(x))
        if self.pools:
            x = avg_pool2d(x, x.shape[-2:]).flatten(1)
        return self.fc(self.head_drop(x))


UNITS, HIDDEN_LAYERS = 256, 9
ENCODER_WIDTHS = (32, 64, 128, 128)
"""Features of its blocks, of which it has three or four."""
TRUNK, INNER = 16, 32
"""Features between residual blocks, and within one."""
DEPTHS = range(1, 65)


class FullyConnected(StagedNetwork):
    """Nine layers of 256 units, each with its activation and then Dropout, and a classifier."""

    def __init__(
        self,
        num_classes: int = 10,
        in_chans: int = 3,
        img_size: tuple[int, int] = (32, 32),
        drop_rate: float = 0.3,
    ) -> None:
        inputs = in_chans * img_size[0] * img_size[1]
        layers = [
            nn.Sequential(nn.Linear(UNITS if number else inputs, UNITS), nn.LeakyReLU(), nn.Dropout(drop_rate))
            for number in range(HIDDEN_LAYERS)
        ]
        super().__init__(nn.Flatten(), [(layer, UNITS, 1) for layer in layers], num_classes, 0.0, pools=False)


def encoder_stages(before: int, blocks: int = 3) -> list[tuple[nn.Sequential, int, int]]:
    """Convolution, activation, a maximum of each 2 x 2 pixels; `blocks` times, `before` features at first."""
    befores = (before, *ENCODER_WIDTHS)
    return [
        (
            nn.Sequential(nn.Conv2d(befores[number], width, 3, padding=1), nn.LeakyReLU(), nn.MaxPool2d(2)),
            width,
            2 ** (number + 1),
        )
        for number, width in enumerate(ENCODER_WIDTHS[:blocks])
    ]


class ConvEncoder(StagedNetwork):
    """Blocks of a convolution and a pooling, and a classifier of their mean."""

    def __init__(
        self,
        blocks: int,
        num_classes: int = 10,
        in_chans: int = 3,
        global_pool: str = "avg",
        drop_rate: float = 0.0,
    ) -> None:
        super().__init__(nn.Identity(), encoder_stages(in_chans, blocks), num_classes, drop_rate, global_pool != "")


class ResidualBlock(nn.Module):
    """What two convolutions make of all channels is added to the first TRUNK; no activation after the sum. The others,
    `beside` them, stay."""

    def __init__(self, beside: int) -> None:
        super().__init__()
        self.beside = beside
        self.conv1 = nn.Conv2d(TRUNK + beside, INNER, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(INNER)
        self.act1 = nn.LeakyReLU()
        self.conv2 = nn.Conv2d(INNER, TRUNK, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(TRUNK)

    def forward(self, x: Maps) -> Maps:
        z = self.bn2(self.conv2(self.act1(self.bn1(self.conv1(x)))))
        return torch.cat([x[:, :TRUNK] + z, x[:, TRUNK:]], dim=1) if self.beside else x + z


class ExpandedBesideImage(nn.Conv2d):
    """The convolution's features, and the image's channels after them."""

    def forward(self, input: Images) -> Maps:
        return torch.cat([super().forward(input), input], dim=1)


class Trunk(nn.Module):
    """The first TRUNK channels."""

    def forward(self, x: Images) -> Maps:
        return x[:, :TRUNK]


class ResidualEncoder(StagedNetwork):
    """A 1 x 1 convolution, residual blocks of one size, then the layers of ConvEncoder. With `sees_image` each block
    is given the image's channels as well."""

    def __init__(
        self,
        blocks: int,
        sees_image: bool,
        num_classes: int = 10,
        in_chans: int = 3,
        global_pool: str = "avg",
        drop_rate: float = 0.0,
    ) -> None:
        stem = (ExpandedBesideImage if sees_image else nn.Conv2d)(in_chans, TRUNK, 1)
        residual = nn.Sequential(*(ResidualBlock(in_chans if sees_image else 0) for _ in range(blocks)))
        if sees_image:
            residual.append(Trunk())
        stages = [(residual, TRUNK, 1), *encoder_stages(TRUNK)]
        super().__init__(stem, stages, num_classes, drop_rate, global_pool != "")


RESIDUAL = {f"{kind}{blocks}": (blocks, kind == "rr") for kind in ("rn", "rr") for blocks in DEPTHS}
"""Names to how many blocks, and whether they see the image."""
default_cfgs = generate_default_cfgs(
    {
        "fcnn": SETTINGS | {"first_conv": None, "fixed_input_size": True},
        **{name: SETTINGS | {"first_conv": "stages.0.0"} for name in ("conv_encoder", "conv_encoder4")},
        **{name: SETTINGS | {"first_conv": "stem"} for name in RESIDUAL},
    }
)
"""Where timm's registry looks for them."""


@register_model
def fcnn(pretrained: bool = False, **options: Any) -> FullyConnected:
    return build_model_with_cfg(FullyConnected, "fcnn", pretrained, **options)


@register_model
def conv_encoder(pretrained: bool = False, **options: Any) -> ConvEncoder:
    return build_model_with_cfg(ConvEncoder, "conv_encoder", pretrained, blocks=3, **options)


@register_model
def conv_encoder4(pretrained: bool = False, **options: Any) -> ConvEncoder:
    return build_model_with_cfg(ConvEncoder, "conv_encoder4", pretrained, blocks=4, **options)


def _register_residual(name: str, blocks: int, sees_image: bool) -> None:
    def build(pretrained: bool = False, **options: Any) -> ResidualEncoder:
        options |= {"blocks": blocks, "sees_image": sees_image}
        return build_model_with_cfg(ResidualEncoder, name, pretrained, **options)

    build.__name__ = name
    register_model(build)


for _name, _of in RESIDUAL.items():
    _register_residual(_name, *_of)
