"""What can be changed in a model: activations, Dropout2d, pooling, and ResNet-56 for small images."""

from typing import Any

import pytest
import torch
from torch import nn

from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.training.layer_groups import layer_depths
from foldline.training.layers import ChannelDropout, GeneralizedMean
from foldline.training.models import Architecture, Classifier, build_model
from foldline.training.networks import Models
from tests.training.small import MODEL
from tests.words import SOFTMAX


def model_with(pixels: int = 32, **changes: Any) -> Classifier:
    section = parse(MODEL | changes, Models, "model")
    return build_model(
        Architecture(
            model=section, channels=3, height=pixels, width=pixels, outputs=4, activation=SOFTMAX, tabular=None
        )
    )


def count(model: nn.Module, kind: type[nn.Module]) -> int:
    return sum(type(module) is kind for module in model.modules())


@pytest.mark.parametrize("name", ["resnet18", "test_efficientnet", "resnet56_cifar"])
def test_activations_are_replaced_by_name(name: str) -> None:
    own, changed = model_with(name=name), model_with(name=name, hidden_activation="leaky_relu")
    assert count(own, nn.LeakyReLU) == 0 < count(changed, nn.LeakyReLU)
    assert count(changed, nn.ReLU) == count(changed, nn.SiLU) == 0
    assert own.state_dict().keys() == changed.state_dict().keys()


def test_refuses_activations_that_are_unknown() -> None:
    with pytest.raises(Refusal, match=r"hidden_activation is 'leeky'. Valid: default, "):
        model_with(hidden_activation="leeky")


def test_dropout2d_after_each_stage_drops_whole_channels() -> None:
    model = model_with(name="resnet18", spatial_dropout_rate=0.5)
    assert count(model, ChannelDropout) == 4
    assert model.state_dict().keys() == model_with(name="resnet18").state_dict().keys()
    model.backbone.train()
    torch.manual_seed(0)
    features = model.backbone.forward_features(torch.randn(2, 3, 64, 64))  # type: ignore[operator]
    dropped = (features == 0).flatten(2).all(dim=2).float().mean()
    assert 0.3 < dropped < 0.7


def test_pooling_of_a_map_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])
    assert GeneralizedMean(1.0)(features).item() == pytest.approx(3.0)
    assert GeneralizedMean(2.0)(features).item() == pytest.approx((50 / 4) ** 0.5)
    assert GeneralizedMean(20.0)(features).item() == pytest.approx(6 * 0.25 ** (1 / 20), rel=1e-4)


def test_average_pooling_is_resnets_own() -> None:
    torch.manual_seed(0)
    own = model_with().eval()
    average = model_with(pooling={"kind": "average"}).eval()
    average.load_state_dict(own.state_dict())
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    assert torch.allclose(own(images), average(images), atol=1e-6)
    for pooling in ({"kind": "max"}, {"kind": "generalized_mean", "power": 3.0}):
        assert model_with(pooling=pooling)(images).shape == (2, 4)


def test_refuses_pooling_without_a_map() -> None:
    model = model_with(name="test_vit", pooling={"kind": "max"})
    with pytest.raises(Refusal, match=r"train.model.pooling needs a model that makes maps of features"):
        model(torch.zeros(1, 3, 32, 32))


def test_resnet56_of_the_paper() -> None:
    """0.85 million weights, 853,018 with a head for ten classes; 55 convolutions, and shortcuts without weights."""
    model = model_with(name="resnet56_cifar")
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) == 55
    assert sum(weight.numel() for weight in model.backbone.parameters()) == 853_018 - 650
    assert [conv.stride[0] for conv in convolutions].count(2) == 2
    assert model(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)).shape == (2, 4)
    assert set(layer_depths(model.backbone, "stages").values()) == {0, 1, 2, 3}
    assert set(layer_depths(model.backbone, "blocks").values()) == set(range(28))
