"""ResNets for images of 32 x 32 pixels, which timm lacks, registered with it: those of He et al. 2015, section 4.2, and
its ResNet-18 and ResNet-34 without what makes small maps of large images."""

from typing import Any

from jaxtyping import Float
from timm.models import ResNet, build_model_with_cfg, generate_default_cfgs, register_model
from timm.models import resnet as timm_resnet
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

WIDTHS = (16, 32, 64)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions, BatchNorm right after each, ReLU after the first and after the sum."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.stride = after // before
        self.conv1 = nn.Conv2d(before, after, 3, self.stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.act1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.act2 = nn.ReLU(inplace=True)
        self.added_channels = after - before

    def forward(self, x: Float[Tensor, "batch before height width"]) -> Float[Tensor, "batch after h w"]:
        y = self.bn2(self.conv2(self.act1(self.bn1(self.conv1(x)))))
        # Shortcuts without weights: every second pixel, and zeros for the channels that are new (option A).
        shortcut = pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added_channels))
        return self.act2(y + shortcut)


class CifarResNet(nn.Module):
    """Three stages of `blocks` basic blocks with 16, 32 and 64 channels (He et al. 2015, section 4.2)."""

    def __init__(
        self,
        blocks: int,
        num_classes: int = 10,
        in_chans: int = 3,
        global_pool: str = "avg",
        drop_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.num_features = self.head_hidden_size = WIDTHS[-1]
        self.conv1 = nn.Conv2d(in_chans, WIDTHS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.act1 = nn.ReLU(inplace=True)
        before = WIDTHS[0]
        for number, width in enumerate(WIDTHS, start=1):
            stage = nn.Sequential(*(BasicBlock(before if block == 0 else width, width) for block in range(blocks)))
            self.add_module(f"layer{number}", stage)
            before = width
        self.feature_info = [
            {"num_chs": width, "reduction": 2**number, "module": f"layer{number + 1}"}
            for number, width in enumerate(WIDTHS)
        ]
        self.pools = global_pool != ""
        self.head_drop = nn.Dropout(drop_rate)
        self.fc = nn.Linear(WIDTHS[-1], num_classes) if num_classes else nn.Identity()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """For layer-wise rates, as timm's own models have it."""
        return {"stem": r"^conv1|bn1", "blocks": r"^layer(\d+)" if coarse else r"^layer(\d+)\.(\d+)"}

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch features ..."]:
        x = self.act1(self.bn1(self.conv1(x)))
        for number in range(1, len(WIDTHS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        if self.pools:
            x = avg_pool2d(x, x.shape[-2:]).flatten(1)
        return self.fc(self.head_drop(x))


class SmallImageResNet(ResNet):
    """timm's, but for a first convolution of 3 x 3 with a stride of 1, and no pooling after it: the last map of
    32 x 32 pixels is 4 x 4, and not 1 x 1."""

    def __init__(self, layers: tuple[int, ...], in_chans: int = 3, **options: Any) -> None:
        super().__init__(timm_resnet.BasicBlock, layers, in_chans=in_chans, **options)  # type: ignore[arg-type]
        self.conv1 = nn.Conv2d(in_chans, self.conv1.out_channels, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.maxpool = nn.Identity()
        for at, info in enumerate(self.feature_info):
            info["reduction"] = 2 ** max(0, at - 1)


SETTINGS = {
    "num_classes": 10,
    "input_size": (3, 32, 32),
    "mean": (0.4914, 0.4822, 0.4465),
    "std": (0.2470, 0.2435, 0.2616),
    "classifier": "fc",
}
"""CIFAR-10's."""
NAMES = ("resnet18_cifar", "resnet34_cifar", "resnet56_cifar")
default_cfgs = generate_default_cfgs({name: SETTINGS | {"first_conv": "conv1"} for name in NAMES})
"""Where timm's registry looks for them."""


@register_model
def resnet56_cifar(pretrained: bool = False, **options: Any) -> CifarResNet:
    """Nine blocks a stage: 6 x 9 + 2 = 56 layers with weights, 0.85 million weights (He et al. 2015, table 6)."""
    return build_model_with_cfg(CifarResNet, "resnet56_cifar", pretrained, blocks=9, **options)


@register_model
def resnet18_cifar(pretrained: bool = False, **options: Any) -> SmallImageResNet:
    return build_model_with_cfg(SmallImageResNet, "resnet18_cifar", pretrained, layers=(2, 2, 2, 2), **options)


@register_model
def resnet34_cifar(pretrained: bool = False, **options: Any) -> SmallImageResNet:
    return build_model_with_cfg(SmallImageResNet, "resnet34_cifar", pretrained, layers=(3, 4, 6, 3), **options)
