"""Where in an image a model looks for a class: Grad-CAM, of each row by the model of its own fold.

Source: Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, 2017.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from torch import Tensor, nn

from foldline.files.refusal import Refusal
from foldline.pixels.cached_pixels import CachedPixels
from foldline.pixels.loaders import channels_first, images_at
from foldline.report.evidence import Evidence
from foldline.report.sections.examples import Asked, FoundMaps
from foldline.training.features import stage_names
from foldline.training.fold_samples import tabular_of
from foldline.training.models import Classifier, load_model

LEAST_SIDE = 3
"""Of a stage's map, in positions: a coarser one says hardly where."""
NO_MAP = (
    f"There are no maps of where models look: no stage keeps {LEAST_SIDE} x {LEAST_SIDE} positions of the image, as in "
    "a vision transformer, or of an image as small as these."
)


def maps_of_rows(
    evidence: Evidence, pixels: CachedPixels, model_file: Callable[[int], Path], asked: Asked
) -> FoundMaps:
    """model_file: of a fold. A row of several images has the map of its first. Nothing is refused: what cannot be shown
    is left out, and said."""
    maps, stages = {}, set()
    for fold in np.unique(evidence.folds[list(asked)]).tolist():
        try:
            model = load_model(model_file(fold))
        except Refusal as refusal:
            return FoundMaps({}, f"There are no maps of where models look: {refusal}")
        of, stage = model.architecture, last_map(model)
        if stage is None or of.outputs != evidence.after.shape[1]:
            return FoundMaps(
                {}, NO_MAP if stage is None else "The model's outputs are no classes, so there are no maps."
            )
        stages.add(stage)
        for row in (row for row in asked if evidence.folds[row] == fold):
            image = channels_first(images_at(pixels, evidence.first_images[[row]]), pixels, 1)
            tabular = [
                torch.from_numpy(one) for one in tabular_of(evidence.rows, "train", [evidence.ids[row]], of.tabular)
            ]
            found = activation_maps(model, stage, image, asked[row], tabular)
            maps |= {(row, output): one for output, one in zip(asked[row], found, strict=True)}
    said = (
        f"Orange is where the row's own model looks: Grad-CAM of its stage {', '.join(sorted(stages))}. Where there is "
        "none, nothing in the image speaks for that output."
    )
    return FoundMaps(maps, said if maps else "")


def last_map(model: Classifier) -> str | None:
    """The last stage that makes a map of at least LEAST_SIDE x LEAST_SIDE positions, seen on a blank image."""
    of, modules = model.architecture, dict(model.backbone.named_modules())
    names = [name for name in stage_names(model.backbone) if name in modules]
    seen: dict[str, tuple[int, ...]] = {}

    def keeping(name: str) -> Any:
        return lambda module, given, made: seen.update({name: tuple(made.shape) if isinstance(made, Tensor) else ()})

    hooks = [modules[name].register_forward_hook(keeping(name)) for name in names]
    with torch.inference_mode():
        model.backbone(model.normalised(torch.zeros(1, of.channels, of.height, of.width)))
    for hook in hooks:
        hook.remove()
    sides = slice(1, 3) if _is_channels_last(model.backbone) else slice(2, 4)
    fitting = [name for name in names if len(seen[name]) == 4 and min(seen[name][sides]) >= LEAST_SIDE]
    return fitting[-1] if fitting else None


def activation_maps(
    model: Classifier,
    stage: str,
    image: Shaped[Tensor, "1 channels height width"],
    outputs: Sequence[int],
    tabular: Sequence[Float[Tensor, "1 tabular"]] = (),
) -> Float32[np.ndarray, "outputs rows columns"]:
    """Of each output the stage's maps, weighted by the mean of its gradient over each, summed, without what speaks
    against it, and divided by the highest value. No gradient flows below the stage."""
    kept: list[Tensor] = []

    def parted(module: nn.Module, given: Any, made: Tensor) -> Tensor:
        kept.append(made.detach().requires_grad_())
        return kept[0].clone()  # The next layer may work in place.

    model.eval().requires_grad_(False)
    hook = model.backbone.get_submodule(stage).register_forward_hook(parted)
    try:
        logits = model(image, *tabular)[0]
    finally:
        hook.remove()
    maps = []
    for output in outputs:
        (slope,) = torch.autograd.grad(logits[output], kept[0], retain_graph=True)
        values, slopes = (
            one[0].movedim(-1, 0) if _is_channels_last(model.backbone) else one[0] for one in (kept[0], slope)
        )
        raised = (values * slopes.mean(dim=(1, 2), keepdim=True)).sum(dim=0).clamp(min=0).detach()
        maps.append((raised / raised.max().clamp(min=torch.finfo(raised.dtype).tiny)).numpy())
    return np.stack(maps)


def _is_channels_last(backbone: nn.Module) -> bool:
    """Whether its stages make (batch, height, width, channels), as Swin's do."""
    return str(getattr(backbone, "output_fmt", "NCHW")).endswith("NHWC")
