"""What a pretext hands on to trainings: a marker, and where something was learned, the first stages of a backbone."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from foldline.files.refusal import Refusal, listed
from foldline.training.features import LAST, stage_features, stage_names
from foldline.training.models import Classifier, read_description


def refuse_absent_stages(backbone: nn.Module, wanted: int | str, name: str) -> None:
    """Raises Refusal when `pretext.load_stages` is more than the model `name` has."""
    stages = [stage for stage in stage_names(backbone) if stage != LAST]
    if isinstance(wanted, int) and wanted > len(stages):
        raise Refusal(
            f"pretext.load_stages is {wanted}, but `{name}` has {len(stages)} stages ({listed(stages, 20)}). Set it to "
            "one of these numbers, to chosen, or to all."
        )


def last_loaded(backbone: nn.Module, wanted: int | str, chosen: str) -> str:
    """The stage up to which trainings begin with what was learned. wanted: `pretext.load_stages`."""
    return stage_names(backbone)[wanted - 1] if isinstance(wanted, int) else chosen if wanted == "chosen" else LAST


def tensors_up_to(model: Classifier, stage: str) -> dict[str, Tensor]:
    """The backbone's weights on which the vector of `stage` depends, and the statistics of their layers."""
    tensors = model.backbone.state_dict()
    if stage == LAST:
        return tensors
    of, parameters = model.architecture, dict(model.backbone.named_parameters())
    blank = model.eval().normalised(torch.zeros(1, of.channels, of.height, of.width, device=model.mean.device))
    vector = stage_features(model.backbone, blank)[stage]
    gradients = torch.autograd.grad(vector.sum(), [*parameters.values()], allow_unused=True)
    used = {name for name, gradient in zip(parameters, gradients, strict=True) if gradient is not None}
    layers = {name.rpartition(".")[0] for name in used}
    return {
        name: tensor
        for name, tensor in tensors.items()
        if name in used or (name not in parameters and name.rpartition(".")[0] in layers)
    }


def load_chosen(backbone: nn.Module, path: Path) -> None:
    """Put the tensors of the file `path` into the backbone, whose other weights stay.

    Raises Refusal when it is of another model.
    """
    read_description(path)
    tensors, own = load_file(path), backbone.state_dict()
    unfit = [name for name, tensor in tensors.items() if name not in own or own[name].shape != tensor.shape]
    if unfit:
        raise Refusal(f"{path} is of another model: {listed(unfit, 3)} do not fit. Run `dvc repro pretext_choice`.")
    backbone.load_state_dict(tensors, strict=False)
