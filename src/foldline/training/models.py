"""Any of timm's backbones with a head of ours: pixels, and side features, in, logits out; one file says what it is."""

import json
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float, Shaped
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from foldline.card.activations import Activation, is_value
from foldline.files.refusal import Refusal
from foldline.files.whole_files import missing, whole_file
from foldline.params.section import Section, parse
from foldline.training.alterations import drop_channels, replace_activations
from foldline.training.backbones import build_backbone, has_fixed_size, unfit_size
from foldline.training.heads import build_head, build_pooling
from foldline.training.model_section import Model, OwnPooling
from foldline.training.random_start import DESCRIPTION
from foldline.training.resolution import resized
from foldline.training.resolution_section import Resolution
from foldline.training.side_features import SideEncoding


class Architecture(Section):
    """All that it takes to build a model again, without its weights."""

    model: Model
    channels: int
    height: int
    width: int
    outputs: int
    activation: Activation
    """What turns the logits into predictions."""
    side: SideEncoding | None
    """How side features are encoded, which join the pooled features; None for images alone."""

    @property
    def side_width(self) -> int:
        return self.side.width if self.side is not None else 0


class Classifier(nn.Module):
    """`classifier(images)`: uint8, or float in 0..255, of (batch, channels, height, width) to float logits; or
    `classifier(images, side)` with the images' encoded side features, where its architecture has any."""

    mean: Tensor
    std: Tensor
    output_center: Tensor
    output_scale: Tensor

    def __init__(self, architecture: Architecture, backbone: nn.Module, pooling: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.architecture = architecture
        self.backbone = backbone
        self.pooling = pooling
        self.head = head
        for name in ("mean", "std"):
            shares = torch.tensor(backbone.pretrained_cfg[name])  # type: ignore[index]
            fitting = shares if architecture.channels == len(shares) else shares.mean().expand(architecture.channels)
            self.register_buffer(name, fitting[:, None, None] * 255)
        if is_value(architecture.activation):
            self.register_buffer("output_center", torch.zeros(architecture.outputs))
            self.register_buffer("output_scale", torch.ones(architecture.outputs))

    def forward(
        self, images: Shaped[Tensor, "batch channels height width"], side: Float[Tensor, "batch side"] | None = None
    ) -> Float[Tensor, "batch outputs"]:
        features = self.pooling(self.backbone((images.to(self.mean.dtype) - self.mean) / self.std))
        logits = self.head(features if side is None else torch.cat([features, side], dim=1))
        if not is_value(self.architecture.activation):
            return logits
        return logits.float() * self.output_scale + self.output_center

    def speak_in(self, center: Float[Tensor, " outputs"], scale: Float[Tensor, " outputs"]) -> None:
        """Outputs that are values begin around `center`, and learn in steps of `scale`: a part of the model, as the
        normalisation of its images is."""
        if is_value(self.architecture.activation):
            self.output_center.copy_(center)
            self.output_scale.copy_(scale)


def build_model(architecture: Architecture, weights: Path | None = None) -> Classifier:
    """A classifier whose backbone starts from the file `weights`, or at random, and whose head starts at random.

    `weights` is what the stage `weights` wrote. Draws from torch's global random generator.
    """
    model = architecture.model
    backbone = build_backbone(
        model.name,
        weights,
        in_chans=architecture.channels,
        img_size=(architecture.height, architecture.width) if has_fixed_size(model.name) else None,
        drop_rate=model.drop_rate,
        drop_path_rate=model.drop_path_rate,
        global_pool=None if isinstance(model.pooling, OwnPooling) else "",
    )
    if model.hidden_activation != "own":
        replace_activations(backbone, model.hidden_activation)
    if model.drop_channel_rate:
        drop_channels(backbone, model.drop_channel_rate)
    features = cast(int, getattr(backbone, "head_hidden_size", None) or backbone.num_features)
    head = build_head(model.head, features + architecture.side_width, architecture.outputs)
    return Classifier(architecture, backbone, build_pooling(model.pooling, features), head)


@torch.no_grad()
def refuse_unfit_images(model: Classifier, resolution: Resolution) -> None:
    """Raises Refusal when an image of a size that the model will be given does not go through it."""
    sizes = model.architecture
    smallest = min(resolution.start_share, resolution.end_share)
    if smallest < 1 and has_fixed_size(sizes.model.name):
        raise Refusal(
            f"train.resolution trains on smaller images, but `{sizes.model.name}` takes one size only. "
            "Set start_share and end_share to 1."
        )
    image = torch.zeros(1, sizes.channels, sizes.height, sizes.width, dtype=torch.uint8)
    side = () if sizes.side is None else (torch.zeros(1, sizes.side_width),)
    for share in {1.0, smallest}:
        try:
            model.eval()(resized(image, share), *side)
        except (AssertionError, RuntimeError) as error:
            raise unfit_size(sizes.model.name, error) from None


def save_model(path: Path, model: Classifier) -> None:
    """Weights and description in one safetensors file; equal models make equal bytes."""
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with whole_file(path) as partial:
        # `save_file` hides a full disk behind an error of its own; Python's write names it.
        partial.write_bytes(save(tensors, {DESCRIPTION: model.architecture.model_dump_json()}))


def load_model(path: Path) -> Classifier:
    """The model of a file that `save_model` wrote, in evaluation mode, on the CPU; needs no network.

    Raises Refusal when the file is missing or no model of ours.
    """
    architecture = parse(read_description(path), Architecture, str(path))
    model = build_model(architecture)
    model.load_state_dict(load_file(path))
    return model.eval()


def read_description(path: Path) -> Any:
    """What the writer of the safetensors file `path` said about it. Raises Refusal when it is not one of ours."""
    if not path.exists():
        raise missing(path)
    try:
        with safe_open(path, "pt") as file:
            return json.loads(file.metadata()[DESCRIPTION])
    except Exception as error:  # safetensors raises its own, and more, for a damaged file
        raise Refusal(
            f"{path} does not describe itself as one of Foldline's files ({error}). "
            "Remove it and run the stage that writes it."
        ) from None
