"""timm's models without their classifiers: which there are, and what they refuse."""

import difflib
from pathlib import Path
from typing import Any

import timm
from torch import nn

from foldline.files.refusal import Refusal, listed
from foldline.training import cifar_resnets  # noqa: F401  registers its models with timm


def build_backbone(
    name: str, weights: Path | None = None, hub: dict[str, Any] | None = None, **options: Any
) -> nn.Module:
    """timm's model `name` without its classifier, from the file `weights`, from the hub or at random.

    `hub`: what replaces timm's own settings of where its weights lie, {} for nothing. timm fits the first convolution
    and the position embeddings to `options`. Raises Refusal when it has no such model, or when the model does not take
    the options.
    """
    known_model(name)
    overlay = {"file": str(weights), "custom_load": False} if weights else hub
    try:
        return timm.create_model(
            name,
            pretrained=overlay is not None,
            pretrained_cfg_overlay=overlay,
            num_classes=0,
            # timm leaves an option that is None to the model, which need not know it.
            **{option: None if value == 0 else value for option, value in options.items()},
        )
    except TypeError as error:
        raise Refusal(f"train.model: `{name}` does not take what is asked of it ({error}).") from None
    except AssertionError as error:
        raise unfit_size(name, error) from None


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
