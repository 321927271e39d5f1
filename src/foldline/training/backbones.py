"""timm's models without their classifiers: which there are, what they refuse, and one that timm lacks."""

import difflib
import math
from collections.abc import Mapping
from typing import Any

import timm
import torch
from jaxtyping import Float
from timm.models import build_model_with_cfg, register_model
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

from foldline.files.refusal import Refusal, listed, shortened
from foldline.training.in_force import Seen

KEYS = {
    "global_pool": ("train.model.pooling", "Set it to {kind: default}."),
    "drop_rate": ("train.model.drop_rate", "Set it to 0."),
    "drop_path_rate": ("train.model.drop_path_rate", "Set it to 0."),
    "img_size": ("prepare.height_pixels and prepare.width_pixels", ""),
    "in_chans": ("the card's `layout.channels`", "Choose another train.model.name."),
}
"""By timm's name of an option: the key that asks for it, and what to do where a model does not take it."""


OTHER = 0.4375
"""A rate that nobody asks for."""


def build_backbone(name: str, weights: dict[str, Any] | None = None, **options: Any) -> nn.Module:
    """timm's model `name` without its classifier, at random, or from weights.

    `weights`: what replaces timm's own settings of where they lie, {} for nothing. `options`: of KEYS; what is None is
    left to the model, and a rate of 0 is 0, which a model that knows no such rate has anyway. timm fits the first
    convolution and the position embeddings to them. Raises Refusal when it has no such model, one that names the key
    when the model does not take an option, and one when weights of a file do not fit it then.
    """
    known_model(name)
    taken = dict(options)
    before = torch.get_rng_state()
    while True:
        try:
            return _created(name, taken, weights)
        except Exception as error:  # whatever a model's code raises
            option = _blamed_option(name, taken, error)
            if option is None:
                file = (weights or {}).get("file")
                raise _unfit_weights(name, file, error) if file else error from None
            if taken[option] != 0:
                raise _unfit_option(name, option, taken, error) from None
            del taken[option]
            torch.set_rng_state(before)  # So that the first weights are the same as without the option.


def _created(name: str, options: Mapping[str, Any], weights: dict[str, Any] | None = None) -> nn.Module:
    return timm.create_model(
        name, pretrained=weights is not None, pretrained_cfg_overlay=weights, num_classes=0, **options
    )


def _blamed_option(name: str, options: Mapping[str, Any], error: Exception) -> str | None:
    """The option that a model cannot be built with; None where it is none of them: a network that is absent, a file."""
    given = [option for option, value in options.items() if value is not None]
    named = [option for option in given if isinstance(error, TypeError) and f"'{option}'" in str(error)]
    if not _can_be_built(name, {}):
        return None
    return next((one for one in (*named, *given) if not _can_be_built(name, {one: options[one]})), None)


def _can_be_built(name: str, options: Mapping[str, Any]) -> bool:
    try:
        with torch.device("meta"):  # which has shapes and no numbers
            _created(name, options)
    except Exception:
        return False
    return True


@torch.no_grad()
def _takes(name: str, size: tuple[int, int], options: Mapping[str, Any]) -> bool:
    """Whether an image of `size` goes through the model, built for it."""
    fixed = {"img_size": size} if has_fixed_size(name) else {}
    try:
        with torch.device("meta"):
            backbone = _created(name, {**options, **fixed})
            backbone.eval()(torch.zeros(1, options.get("in_chans") or 3, *size))
    except Exception:
        return False
    return True


@torch.no_grad()
def follows_drop_rate(name: str, options: Mapping[str, Any]) -> bool:
    """Whether the model, built with another rate, drops at that rate."""
    size = options["img_size"] or timm.get_pretrained_cfg(name).input_size[-2:]  # type: ignore[union-attr]
    with torch.device("meta"), Seen() as seen:
        backbone = _created(
            name, {"in_chans": options["in_chans"], "img_size": options["img_size"], "drop_rate": OTHER}
        )
        backbone.train()(torch.zeros(2, options["in_chans"], *size))
    return OTHER in seen.dropout


def _unfit_option(name: str, option: str, options: Mapping[str, Any], error: Exception) -> Refusal:
    if option == "img_size":
        return unfit_images(name, options["img_size"], options, error)
    key, cure = KEYS[option]
    return Refusal(f"{key}: `{name}` does not take what is asked of it ({first_line(error)}). {cure}")


def _unfit_weights(name: str, file: str, error: Exception) -> Refusal:
    lines = [line.strip() for line in str(error).splitlines()]
    what = [line for line in lines if line.startswith("size mismatch")] or lines[-1:] or [first_line(error)]
    return Refusal(
        f"{file} does not fit `{name}` as this experiment builds it: {listed(what, 3)}. Set train.model.name to the "
        "model that the weights were made with, or prepare.height_pixels and prepare.width_pixels to the size of the "
        "images that they learned from."
    )


def unfit_images(name: str, size: tuple[int, int], options: Mapping[str, Any], error: Exception) -> Refusal:
    """`size`: height and width of images that do not go through a model of these options, or for which it cannot be
    built; `error`: why."""
    if _takes(name, size, options):
        return Refusal(
            f"train.model: `{name}`, changed as its keys say, fails on images of {size[0]} x {size[1]} pixels "
            f"({first_line(error)}). Set them to what the model does by default."
        )
    for option in ("global_pool", "in_chans"):
        if options.get(option) is not None and _takes(name, size, {**options, option: None}):
            return _unfit_option(name, option, options, error)
    fitting = next((other for other in _sizes_near(name, size) if _takes(name, other, options)), None)
    cure = f"{fitting[0]} and {fitting[1]} would do" if fitting else "No size near it would do: change the model"
    return Refusal(
        f"prepare.height_pixels and prepare.width_pixels: `{name}` cannot take images of {size[0]} x {size[1]} pixels "
        f"({first_line(error)}). {cure}."
    )


SIDE_STEPS = (14, 16, 28, 32, 64)
"""Of sides that models are made for: their patches and strides."""


def _sizes_near(name: str, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Sizes to try instead of `size`, the nearest first, and the one that the model was made for."""
    settings = timm.get_pretrained_cfg(name)
    own = settings.input_size[-2:] if settings is not None else size
    near = {
        (step * max(rounded(size[0] / step), 1), step * max(rounded(size[1] / step), 1))
        for step in SIDE_STEPS
        for rounded in (math.floor, math.ceil)
    }
    squares = {(side, side) for sides in near for side in sides}
    return [*sorted(near | squares, key=lambda other: math.dist(size, other)), own]


def first_line(error: Exception) -> str:
    """Its kind and the beginning of what it says."""
    said = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {shortened(said)}" if said else type(error).__name__


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
