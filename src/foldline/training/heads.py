"""Parts `pooling` and `head` of `train.model`: from a backbone's map of features to logits."""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from foldline.card.activations import LossFunction
from foldline.params.kinds import union_of
from foldline.params.section import Fraction
from foldline.training.train_part import Kind, Module


class Head(Kind):
    is_linear: ClassVar[bool] = False
    """One Linear layer and nothing else: what a logistic regression is."""

    def build(self, features: int, outputs: int) -> Module:
        raise NotImplementedError

    def hardened(self, loss: LossFunction) -> LossFunction:
        """What a step takes instead of the loss; validation takes the loss itself."""
        return loss


class LinearHead(Head):
    """One Linear layer."""

    kind: Literal["linear"]
    is_linear: ClassVar[bool] = True

    def build(self, features: int, outputs: int) -> Module:
        from torch import nn

        return nn.Linear(features, outputs)


class MlpHead(Head):
    """Linear -> ReLU -> Dropout -> Linear."""

    kind: Literal["mlp"]
    units: PositiveInt
    drop_rate: Fraction

    def build(self, features: int, outputs: int) -> Module:
        from torch import nn

        return nn.Sequential(
            nn.Linear(features, self.units),
            nn.ReLU(inplace=True),
            nn.Dropout(self.drop_rate),
            nn.Linear(self.units, outputs),
        )


class ArcFaceHead(Head):
    """`scale` times the cosine of the angle between the features and a direction of each class; in training the right
    class's angle counts as `margin` larger (Deng et al. 2019). For very many classes and few images of each, whose
    answers are ranked."""

    kind: Literal["arc_face"]
    speaks_of_one_class: ClassVar[bool] = True
    instead: ClassVar[str] = "linear"
    scale: PositiveFloat
    """Of the logits: 30 to 64. The more classes, the larger."""
    margin: Annotated[float, Field(ge=0, lt=math.pi / 2)]
    """In radians: 0.3 to 0.5."""

    def build(self, features: int, outputs: int) -> Module:
        from foldline.training.layers import ScaledCosines

        return ScaledCosines(features, outputs, self.scale)

    def hardened(self, loss: LossFunction) -> LossFunction:
        from foldline.training.loss_functions import with_angular_margin

        return lambda logits, targets: loss(with_angular_margin(logits, targets, self.scale, self.margin), targets)


class Pooling(Kind):
    """From a map of features to a row of features."""

    global_pool: ClassVar[str | None] = ""
    """timm's word for what its model does before: nothing, or (None) what it always does."""

    def build(self, features: int) -> Module:
        raise NotImplementedError


class DefaultPooling(Pooling):
    """The model's own way from a map of features to a row of features; the only way for models without a map."""

    kind: Literal["default"]
    global_pool: ClassVar[str | None] = None

    def build(self, features: int) -> Module:
        from torch import nn

        return nn.Identity()


class _MapPooling(Pooling):
    def build(self, features: int) -> Module:
        from torch import nn

        from foldline.training.layers import MapOfFeatures

        return nn.Sequential(MapOfFeatures(features), self.layer(), nn.Flatten())

    def layer(self) -> Module:
        raise NotImplementedError


class AveragePooling(_MapPooling):
    kind: Literal["average"]

    def layer(self) -> Module:
        from torch import nn

        return nn.AdaptiveAvgPool2d(1)


class MaxPooling(_MapPooling):
    kind: Literal["max"]

    def layer(self) -> Module:
        from torch import nn

        return nn.AdaptiveMaxPool2d(1)


class GeneralizedMeanPooling(_MapPooling):
    """GeM, (mean of x**power) ** (1 / power): 1 is the average, very many are the maximum. The power is learned."""

    kind: Literal["generalized_mean"]
    power: PositiveFloat
    """Where it begins; its paper takes 3."""

    def layer(self) -> Module:
        from foldline.training.layers import GeneralizedMean

        return GeneralizedMean(self.power)


Heads = Annotated[Head, union_of("foldline.training.heads", Head)]
Poolings = Annotated[Pooling, union_of("foldline.training.heads", Pooling)]
