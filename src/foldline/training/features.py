"""What a backbone makes of images: a vector per stage, the mean over its map, and the one that the head is given."""

from typing import Any

import torch
from jaxtyping import Float, Float32, Shaped
from torch import Tensor, nn

from foldline.files.refusal import Refusal
from foldline.training.models import Classifier

LAST = "last"
"""The name of what the head is given: every model has it, and one without stages nothing else."""

Vectors = dict[str, Float32[Tensor, "batch _"]]


def stage_names(backbone: nn.Module) -> tuple[str, ...]:
    """Of the vectors of `stage_features`, from the images up: the stages as timm lists them (`feature_info`), each
    called by its module, and LAST."""
    modules = _modules(backbone)
    # Of a model with branches (CrossViT), several stages are called the same.
    numbered = [f"{name}.{position}" if modules.count(name) > 1 else name for position, name in enumerate(modules)]
    return *numbered, LAST


def stage_features(
    backbone: nn.Module, images: Float[Tensor, "batch channels height width"], pooling: nn.Module | None = None
) -> Vectors:
    """By stage, vectors of one forward pass in the backbone's mode and the precision in force; gradients flow.

    images: as the backbone takes them, normalised. pooling: what comes between backbone and head, if anything does.
    A stage's vector is the mean over height and width of its map; LAST is what the head would be given.
    Raises Refusal for a stage that makes neither maps nor vectors.
    """
    vectors, last = _forward(backbone, images)
    last = last if pooling is None else pooling(last)
    return dict(zip(stage_names(backbone), [*vectors, last.float()], strict=True))


class StageVectors(nn.Module):
    """A classifier's features instead of its logits: the vectors of some stages, one after the other."""

    def __init__(self, model: Classifier, stages: tuple[str, ...]) -> None:
        """stages: of `stage_names(model.backbone)`."""
        super().__init__()
        self.model, self.stages = model, stages

    def forward(self, images: Shaped[Tensor, "batch channels height width"]) -> Float32[Tensor, "batch features"]:
        found = stage_features(self.model.backbone, self.model.normalised(images), self.model.pooling)
        return torch.cat([found[stage] for stage in self.stages], dim=1)


def _modules(backbone: nn.Module) -> list[str]:
    return [info["module"] for info in getattr(backbone, "feature_info", None) or []]


def _forward(backbone: Any, images: Tensor) -> tuple[list[Tensor], Tensor]:
    """The stages' vectors, and what the backbone returns."""
    modules = _modules(backbone)
    if modules and hasattr(backbone, "forward_intermediates"):
        # Whatever the model works on, these maps are (batch, channels, height, width), without class tokens.
        features, maps = backbone.forward_intermediates(images)
        pairs = zip(modules, maps, strict=True)
        return [_pooled(one, name) for name, one in pairs], backbone.forward_head(features)
    found: dict[str, Tensor] = {}

    def keeping(name: str) -> Any:
        # Pooled at once: the next layer may work in place.
        return lambda module, given, made: found.update({name: _pooled(made, name)})

    hooks = [backbone.get_submodule(name).register_forward_hook(keeping(name)) for name in modules]
    try:
        last = backbone(images)
    finally:
        for hook in hooks:
            hook.remove()
    return [found[name] for name in modules], last


def _pooled(made: Any, stage: str) -> Float32[Tensor, "batch features"]:
    shape = tuple(made.shape) if isinstance(made, Tensor) else type(made).__name__
    if len(shape) not in (2, 4):
        raise Refusal(
            f"the model's stage `{stage}` makes {shape}, neither maps (batch, channels, height, width) nor vectors "
            "(batch, channels). Name other modules in its `feature_info`, or none: its last features have no stage."
        )
    return made.float().mean(dim=(2, 3)) if len(shape) == 4 else made.float()
