"""Part `train.model`: which of timm's models and what is changed in it, or a model of one's own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

from pydantic import Discriminator, Tag

from foldline.card.activations import LossFunction
from foldline.card.views import is_scaled
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import sha256
from foldline.params.section import Fraction
from foldline.training.heads import Heads, Poolings
from foldline.training.train_part import Kind, Module, OwnKind

if TYPE_CHECKING:
    from foldline.training.in_force import Seen
    from foldline.training.models import Architecture
else:
    Architecture = Seen = Any


class Model(Kind):
    """`train.model`, of which `kind` says no more than whether it is one's own."""

    name: str
    has_head: ClassVar[bool] = True
    """Apart from all that lies below it."""

    def build(self, architecture: Architecture, weights: Path | None) -> tuple[Module, Module, Module]:
        """Backbone, pooling and head; their first weights are from the file `weights`, or random."""
        raise NotImplementedError

    @property
    def has_linear_head(self) -> bool:
        return False

    def hardened(self, loss: LossFunction) -> LossFunction:
        """What a step takes instead of the loss; validation takes the loss itself."""
        return loss

    @property
    def concatenates_tabular_features(self) -> bool:
        return False

    def takes_one_size(self) -> bool:
        """Whether it must be told the size of its images, as models with position embeddings must."""
        return False

    def own_code(self) -> str | None:
        """The sha256 of the file of one's own that the model is built by, if there is one."""
        return None

    def unfit_images(self, architecture: Architecture, error: Exception) -> Refusal:
        """What to say of images of the architecture's size, with which the model raised `error`."""
        raise NotImplementedError

    def refuse_ignored(self, architecture: Architecture, seen: Seen) -> None:
        """Raises Refusal for the keys that were `seen` not to be in force."""


class TimmModel(Model):
    name: str
    """Any of timm's names, with its tag (`resnet152.a1h_in1k`) where the weights come from the hub; or one of ours:
    resnet18_cifar, resnet34_cifar, resnet56_cifar, fcnn, conv_encoder, conv_encoder4, rn1 .. rn64, rr1 .. rr64."""
    head: Heads
    pooling: Poolings
    hidden_activation: str
    """What follows the model's convolutions and layers: `default`, or one of timm's names (relu, leaky_relu, ...)."""
    drop_rate: Fraction
    """Of what goes into timm's own classifier, which the head replaces; in fcnn, of what each layer gives."""
    drop_path_rate: Fraction
    """Stochastic depth."""
    spatial_dropout_rate: Fraction
    """Dropout2d after each of the model's stages: whole channels at once."""
    tabular_features: Literal["concatenated", "none"]
    """Whether the card's features, where it names any, are concatenated with the pooled ones before the head."""

    @property
    def has_linear_head(self) -> bool:
        return self.head.is_linear

    def hardened(self, loss: LossFunction) -> LossFunction:
        return self.head.hardened(loss)

    @property
    def concatenates_tabular_features(self) -> bool:
        return self.tabular_features == "concatenated"

    def takes_one_size(self) -> bool:
        from foldline.training.backbones import has_fixed_size

        return has_fixed_size(self.name)

    def build(self, architecture: Architecture, weights: Path | None) -> tuple[Module, Module, Module]:
        from foldline.training.backbones import build_backbone
        from foldline.training.layers import add_spatial_dropout, replace_activations
        from foldline.training.starting_weights import settings_of

        start = settings_of(weights) if weights else None
        backbone = build_backbone(self.name, start, **self._options(architecture))
        if self.hidden_activation != "default":
            replace_activations(backbone, self.hidden_activation)
        if self.spatial_dropout_rate:
            add_spatial_dropout(backbone, self.spatial_dropout_rate)
        features = cast(int, getattr(backbone, "head_hidden_size", None) or backbone.num_features)
        told = architecture.tabular.width if architecture.tabular is not None else 0
        head = self.head.build(features + told, architecture.outputs)
        return backbone, self.pooling.build(features), head

    def _options(self, architecture: Architecture) -> dict[str, Any]:
        """By timm's names."""
        return {
            "in_chans": architecture.channels,
            "img_size": (architecture.height, architecture.width) if self.takes_one_size() else None,
            "drop_rate": self.drop_rate,
            "drop_path_rate": self.drop_path_rate,
            "global_pool": self.pooling.global_pool,
        }

    def unfit_images(self, architecture: Architecture, error: Exception) -> Refusal:
        from foldline.training.backbones import unfit_images

        # Rates change no shape, and not every model knows them.
        options = {key: self._options(architecture)[key] for key in ("in_chans", "global_pool")}
        return unfit_images(self.name, (architecture.height, architecture.width), options, error)

    def refuse_ignored(self, architecture: Architecture, seen: Seen) -> None:
        from foldline.training.backbones import follows_drop_rate
        from foldline.training.layers import remaining_activations

        rates = {key: getattr(self, key) for key in ("drop_rate", "drop_path_rate", "spatial_dropout_rate")}
        for key, found in seen.differences(rates):
            if not rates[key] and key == "drop_rate" and follows_drop_rate(self.name, self._options(architecture)):
                continue  # Other layers have a dropout of their own.
            raise Refusal(
                f"train.model.{key} is {rates[key]:g}, but `{self.name}` does not follow it: in force is {found}. Set "
                f"it to {found}, or use another model."
            )
        if self.hidden_activation != "default":
            remaining = remaining_activations(self.hidden_activation, seen.activations)
            if remaining:
                raise Refusal(
                    f"train.model.hidden_activation is {self.hidden_activation}, but `{self.name}` also calls "
                    f"{listed(sorted(remaining))}, functions that cannot be replaced. Set it to default."
                )


class OwnModel(Model, OwnKind):
    """A class of one's own, `name(channels=, height=, width=, outputs=, **keys)`: torch's module from images, float
    (batch, channels, height, width) in 0..1, to logits (batch, outputs). All its weights learn at
    `learning_rates.backbone`."""

    kind: Literal["python"]
    has_head: ClassVar[bool] = False

    def own_code(self) -> str | None:
        self.load()
        return sha256(Path(self.file))

    def build(self, architecture: Architecture, weights: Path | None) -> tuple[Module, Module, Module]:
        from torch import nn

        make, sizes = self.load(), {name: getattr(architecture, name) for name in ("channels", "height", "width")}
        with self.blamed():
            network = make(**sizes, outputs=architecture.outputs, **self.arguments)
        if not isinstance(network, nn.Module):
            raise self.refusal(f"gives {type(network).__name__}: a model is a torch.nn.Module.")
        self._try_out(network, (2, *sizes.values()), architecture.outputs)
        if not hasattr(network, "pretrained_cfg"):
            network.pretrained_cfg = {"mean": (0.0,), "std": (1.0,)}  # type: ignore[assignment]
        return network, nn.Identity(), nn.Identity()

    def unfit_images(self, architecture: Architecture, error: Exception) -> Refusal:
        from foldline.training.backbones import first_line

        size = f"{architecture.height} x {architecture.width} pixels"
        return self.refusal(f"fails on images of {size} and {architecture.channels} channels ({first_line(error)}).")

    def _try_out(self, network: Module, shape: tuple[int, ...], outputs: int) -> None:
        """On two blank images, as it trains and as it is judged; nothing of it changes."""
        from copy import deepcopy

        import torch

        with torch.random.fork_rng(devices=[]), torch.no_grad(), self.blamed():
            twin = deepcopy(network)
            found = [twin.train(training)(torch.zeros(shape)) for training in (True, False)]
        for logits in found:
            if getattr(logits, "shape", None) != (2, outputs):
                given = tuple(logits.shape) if hasattr(logits, "shape") else type(logits).__name__
                raise self.refusal(f"makes {given} of images {shape}: logits are (batch, outputs), here {2, outputs}.")


def _kind(model: Any) -> str:
    """timm's models say no kind."""
    return model.get("kind", "") if isinstance(model, Mapping) else getattr(model, "kind", "")


if TYPE_CHECKING:
    Models = Model
else:
    Models = Annotated[
        Annotated[TimmModel, Tag("")] | Annotated[OwnModel, Tag("python")],
        Discriminator(_kind),
    ]


def refuse_scaled_views(model: Model, views: Sequence[str]) -> None:
    """Raises Refusal where a view has a size that the model does not take."""
    scaled = [view for view in views if is_scaled(view)]
    if scaled and model.takes_one_size():
        raise Refusal(
            f"predict.views has {listed(scaled)}, but `{model.name}` takes images of one size only. Leave out the "
            "scales: symmetries and crops keep the size."
        )
