"""Part `train.model`: which of timm's models, what is changed in it, and its head."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.params.quantities import Count, Positive, Share
from foldline.params.section import Section


class PlainHead(Section):
    """One Linear layer."""

    kind: Literal["plain"]


class HiddenHead(Section):
    """Linear -> ReLU -> Dropout -> Linear (document 001: 4096 units)."""

    kind: Literal["hidden"]
    units: Count
    drop_rate: Share


Head = Annotated[PlainHead | HiddenHead, Field(discriminator="kind")]


class OwnPooling(Section):
    """The model's own way from a map of features to a row of features; the only way for models without a map."""

    kind: Literal["own"]


class AveragePooling(Section):
    kind: Literal["average"]


class MaxPooling(Section):
    kind: Literal["max"]


class GeneralizedMeanPooling(Section):
    """GeM, (mean of x**power) ** (1 / power): 1 is the average, very many are the maximum. The power is learned."""

    kind: Literal["generalized_mean"]
    power: Positive
    """Where it begins; its paper takes 3."""


Pooling = Annotated[
    OwnPooling | AveragePooling | MaxPooling | GeneralizedMeanPooling,
    Field(discriminator="kind"),
]


class Model(Section):
    name: str
    """Any of timm's names, or resnet56_cifar; with its tag (`resnet152.a1h_in1k`) where the weights come from the
    hub."""
    head: Head
    pooling: Pooling
    hidden_activation: str
    """What follows the model's convolutions and layers: `own`, or one of timm's names (relu, leaky_relu, tanh, ...)."""
    drop_rate: Share
    """Of what goes into timm's own classifier, which the head replaces."""
    drop_path_rate: Share
    """Stochastic depth."""
    drop_channel_rate: Share
    """Dropout2d after each of the model's stages: whole channels at once."""
    side_features: Literal["joined", "none"]
    """Whether the card's features, where it names any, join the pooled features before the head."""
