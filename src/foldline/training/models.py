"""Any of timm's backbones with a head of ours, from pixels and tabular features to logits; one file says what it is."""

import json
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Shaped
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from foldline.card.activations import Activation
from foldline.files.hashes import require_intact
from foldline.files.reading import reading
from foldline.files.refusal import Refusal
from foldline.files.rows import TABULAR
from foldline.params.former_names import present_name
from foldline.params.section import Section, parse
from foldline.training.fold_samples import TabularEncoding
from foldline.training.networks import Models
from foldline.training.weights import DESCRIPTION, write_tensors

Images = Shaped[Tensor, "batch channels height width"]
Tabular = Float[Tensor, "batch tabular"]


class Architecture(Section):
    """All that it takes to build a model again, without its weights."""

    model: Models
    channels: int
    height: int
    width: int
    outputs: int
    activation: Activation
    """What turns the logits into predictions."""
    tabular: TabularEncoding | None
    """How tabular features are encoded, which are concatenated with the pooled ones; None for images alone."""
    own_code: str | None = None
    """The sha256 of the file of one's own that the model is built by, if there is one."""
    frozen: bool = False
    """Whether no epoch has trained the backbone (frozen.py)."""


class Classifier(nn.Module):
    """`classifier(images)`: uint8, or float in 0..255, of (batch, channels, height, width) to float logits; or
    `classifier(images, tabular)` with the images' encoded tabular features, where its architecture has any."""

    mean: Tensor
    std: Tensor
    target_mean: Tensor
    target_std: Tensor

    def __init__(self, architecture: Architecture, backbone: nn.Module, pooling: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.architecture = architecture
        self.backbone = backbone
        self.pooling = pooling
        self.head = head
        for name in ("mean", "std"):
            known = torch.tensor(backbone.pretrained_cfg[name])  # type: ignore[index]
            fitting = known if architecture.channels == len(known) else known.mean().expand(architecture.channels)
            self.register_buffer(name, fitting[:, None, None] * 255)
        self.gives_values = architecture.activation.gives_values
        if self.gives_values:
            self.register_buffer("target_mean", torch.zeros(architecture.outputs))
            self.register_buffer("target_std", torch.ones(architecture.outputs))

    def forward(self, images: Images, tabular: Tabular | None = None) -> Float[Tensor, "batch outputs"]:
        logits = self.head(self.head_input(images, tabular))
        return logits.float() * self.target_std + self.target_mean if self.gives_values else logits

    def head_input(self, images: Images, tabular: Tabular | None = None) -> Float[Tensor, "batch inputs"]:
        features = self.pooling(self.backbone(self.normalised(images)))
        return features if tabular is None else torch.cat([features, tabular], dim=1)

    def normalised(self, images: Images) -> Float[Tensor, "batch channels h w"]:
        """What the backbone is given."""
        return (images.to(self.mean.dtype) - self.mean) / self.std

    def standardise_targets(self, mean: Float[Tensor, " outputs"], std: Float[Tensor, " outputs"]) -> None:
        """Outputs that are values begin around `mean`, and learn in steps of `std`: a part of the model, as the
        normalisation of its images is."""
        if self.gives_values:
            self.target_mean.copy_(mean)
            self.target_std.copy_(std)


def build_model(architecture: Architecture, weights: Path | None = None) -> Classifier:
    """A classifier whose backbone starts from the file `weights`, or at random, and whose head starts at random.

    `weights` is what the stage `weights` wrote. Draws from torch's global random generator.
    """
    return Classifier(architecture, *architecture.model.build(architecture, weights))


OF_SOUP = "soup."
"""Before the names of a soup's weights: DVC would miss a file that is not always there."""


def save_model(path: Path, model: Classifier, soup: Classifier | None = None) -> None:
    """Weights and description in one safetensors file, with the weights of its `soup` (soups.py), if there is one."""
    weights = model.state_dict()
    if soup is not None:
        weights |= {OF_SOUP + name: tensor for name, tensor in soup.state_dict().items()}
    write_tensors(path, weights, model.architecture.model_dump_json(exclude_defaults=True))


def load_model(path: Path, of_soup: bool = False) -> Classifier:
    """The model of a file that `save_model` wrote, or its soup, in evaluation mode, on the CPU; needs no network.

    Raises Refusal when the file is missing or no model of ours, has no soup, or was built by a file of one's own that
    has changed.
    """
    architecture = parse(in_present_words(read_description(path)), Architecture, str(path))
    if architecture.own_code != architecture.model.own_code():
        raise Refusal(
            f"{path}: the model learned with another {architecture.model.file} than there is now. "  # type: ignore[attr-defined]
            "Restore that file, or train again: `dvc repro`."
        )
    model = build_model(architecture)
    with reading(path, "a model of this architecture"):
        tensors = load_file(path)
        wanted = {
            name.removeprefix(OF_SOUP): tensor
            for name, tensor in tensors.items()
            if name.startswith(OF_SOUP) == of_soup
        }
        if not wanted:
            raise Refusal(f"{path}: it has no soup, since `train.soup` asked for none. Run `dvc repro`.")
        model.load_state_dict({FORMER_TENSORS.get(name, name): tensor for name, tensor in wanted.items()})
    return model.eval()


FORMER_TENSORS = {"output_center": "target_mean", "output_scale": "target_std"}
FORMER_FIELDS = {"side": "tabular", "spread": "std"}
FORMER_TABULAR = "side:"
"""In models that were written before 29 November 2026; they are read until 29 November 2027."""
NAMING = ("kind", "activation", "hidden_activation", "tabular_features")
"""Keys of a description that hold words of ours."""


def in_present_words(description: Any) -> Any:
    """What `save_model` would write today; the keys of a model of one's own are its own."""
    if isinstance(description, list):
        return [in_present_words(one) for one in description]
    if not isinstance(description, dict) or description.get("kind") == "python":
        return description
    present = {
        present_name(FORMER_FIELDS.get(str(key), str(key))): in_present_words(value)
        for key, value in description.items()
    }
    words = {key: word for key, word in present.items() if key in NAMING and isinstance(word, str)}
    if isinstance(column := present.get("column"), str) and column.startswith(FORMER_TABULAR):
        words["column"] = TABULAR + column.removeprefix(FORMER_TABULAR)
    return present | {key: present_name(word) for key, word in words.items()}


def read_description(path: Path) -> Any:
    """What the writer of the safetensors file `path` said about it. Raises Refusal when it is not one of ours."""
    with reading(path, "one of Foldline's files, which describe themselves"):
        require_intact(path)
        with safe_open(path, "pt") as file:
            return json.loads(file.metadata()[DESCRIPTION])
