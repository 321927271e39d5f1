"""From a backbone's features to logits: pooling and head."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from foldline.files.refusal import Refusal
from foldline.training import model_section as kinds


def build_head(head: kinds.Head, features: int, outputs: int) -> nn.Module:
    match head:
        case kinds.PlainHead():
            return nn.Linear(features, outputs)
        case kinds.HiddenHead():
            return nn.Sequential(
                nn.Linear(features, head.units),
                nn.ReLU(inplace=True),
                nn.Dropout(head.drop_rate),
                nn.Linear(head.units, outputs),
            )


def build_pooling(pooling: kinds.Pooling, features: int) -> nn.Module:
    match pooling:
        case kinds.OwnPooling():
            return nn.Identity()
        case kinds.AveragePooling():
            return nn.Sequential(MapOfFeatures(features), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case kinds.MaxPooling():
            return nn.Sequential(MapOfFeatures(features), nn.AdaptiveMaxPool2d(1), nn.Flatten())
        case kinds.GeneralizedMeanPooling():
            return nn.Sequential(MapOfFeatures(features), GeneralizedMean(pooling.power))


class MapOfFeatures(nn.Module):
    """Lets maps of features through. Raises Refusal for what else a backbone may give."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, given: Shaped[Tensor, "..."]) -> Float[Tensor, "batch features height width"]:
        if given.ndim != 4 or given.shape[1] != self.features:
            raise Refusal(
                "train.model.pooling needs a model that makes a map of features (batch, features, height, width); this "
                f"one makes {tuple(given.shape)}. Set it to {{kind: own}}."
            )
        return given


class GeneralizedMean(nn.Module):
    """GeM (Radenovic et al. 2018): features below a millionth count as that much; the power is one learned number."""

    def __init__(self, power: float, least: float = 1e-6) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor([power]))
        self.least = least

    def forward(self, features: Float[Tensor, "batch features height width"]) -> Float[Tensor, "batch features"]:
        powers = features.float().clamp(min=self.least) ** self.power
        return (avg_pool2d(powers, powers.shape[-2:]) ** (1 / self.power)).flatten(1)
