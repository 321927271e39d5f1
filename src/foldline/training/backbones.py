"""timm's models without their classifiers: which there are, and what they refuse."""

import difflib
import math
from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import nn

import foldline.training.small_networks  # noqa: F401  # timm knows these and those of cifar_resnet from here on
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
