"""timm's models without their classifiers: which there are, what they refuse, and one that timm lacks."""

import difflib
from typing import Any

import timm
from jaxtyping import Float
from timm.models import build_model_with_cfg, register_model
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

from foldline.files.refusal import Refusal, listed


def build_backbone(name: str, weights: dict[str, Any] | None = None, **options: Any) -> nn.Module:
    """timm's model `name` without its classifier, at random, or from weights.

    `weights`: what replaces timm's own settings of where they lie, {} for nothing. timm fits the first convolution and
    the position embeddings to `options`. Raises Refusal when it has no such model, when the model does not take the
    options, or when weights of a file do not fit it then.
    """
    known_model(name)
    try:
        return timm.create_model(
            name,
            pretrained=weights is not None,
            pretrained_cfg_overlay=weights,
            num_classes=0,
            # timm leaves an option that is None to the model, which need not know it.
            **{option: None if value == 0 else value for option, value in options.items()},
        )
    except TypeError as error:
        raise Refusal(f"train.model: `{name}` does not take what is asked of it ({error}).") from None
    except AssertionError as error:
        raise unfit_size(name, error) from None
    except RuntimeError as error:
        if weights is None or "file" not in weights:
            raise
        lines = [line.strip() for line in str(error).splitlines()]
        what = [line for line in lines if line.startswith("size mismatch")] or lines[-1:]
        raise Refusal(
            f"{weights['file']} does not fit `{name}` as this experiment builds it: {listed(what, 3)}. Set "
            "train.model.name to the model that the weights were made with, or prepare.height_pixels and "
            "prepare.width_pixels to the size of the images that they learned from."
        ) from None


def unfit_size(name: str, error: Exception) -> Refusal:
    return Refusal(
        f"train.model: `{name}` cannot take images of this size ({str(error).splitlines()[0].rstrip('.')}). "
        "Change prepare.height_pixels and prepare.width_pixels, or the model."
    )


def known_model(name: str) -> None:
    """Raises Refusal with close names when timm knows no model `name`, or knows it but not the tag."""
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        close = difflib.get_close_matches(architecture, timm.list_models(), n=5) or timm.list_models(
            f"*{architecture}*"
        )
        raise Refusal(
            f"train.model.name: timm knows no model `{architecture}`. Close: {listed(close)}. "
            'All: python -c "import timm; print(timm.list_models())".'
        )
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise Refusal(f"train.model.name: `{architecture}` has no weights tagged `{tag}`. Tags: {listed(tags, 30)}.")


def has_fixed_size(name: str) -> bool:
    """Models with position embeddings must be told the size of their images; others take any."""
    settings = timm.get_pretrained_cfg(name) if timm.is_model(name.partition(".")[0]) else None
    return settings is not None and settings.fixed_input_size


SETTINGS = {
    "num_classes": 10,
    "input_size": (3, 32, 32),
    "mean": (0.4914, 0.4822, 0.4465),
    "std": (0.2470, 0.2435, 0.2616),
    "first_conv": "conv1",
    "classifier": "fc",
}
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

    def forward_features(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch features h w"]:
        x = self.act1(self.bn1(self.conv1(x)))
        for number in range(1, len(WIDTHS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch features ..."]:
        x = self.forward_features(x)
        if self.pools:
            x = avg_pool2d(x, x.shape[-2:]).flatten(1)
        return self.fc(self.head_drop(x))


@register_model
def resnet56_cifar(pretrained: bool = False, **options: Any) -> CifarResNet:
    """Nine blocks a stage: 6 x 9 + 2 = 56 layers with weights, 0.85 million weights (He et al. 2015, table 6)."""
    options["pretrained_cfg"] = options.get("pretrained_cfg") or dict(SETTINGS)  # timm has none, and says None
    return build_model_with_cfg(CifarResNet, "resnet56_cifar", pretrained, blocks=9, **options)
