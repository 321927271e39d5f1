"""A vector per stage of a backbone, against a forward pass written out with hooks."""

from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.training.features import StageVectors, stage_features, stage_names
from foldline.training.models import Architecture, build_model
from foldline.training.networks import Models
from tests.training.small import MODEL

STAGES = {
    "resnet18": ("act1", "layer1", "layer2", "layer3", "layer4"),
    "efficientnet_lite0": ("blocks.0", "blocks.1", "blocks.2", "blocks.4", "blocks.6"),
    "resnet56_cifar": ("layer1", "layer2", "layer3"),  # it has no forward_intermediates
}


def backbone_of(name: str) -> nn.Module:
    """Random, in evaluation mode; statistics that are not those of a new BatchNorm."""
    torch.manual_seed(0)
    backbone = timm.create_model(name, num_classes=0)
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)  # type: ignore[union-attr, operator]
            module.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr, operator]
    return backbone.eval()


def images(count: int = 2) -> Tensor:
    return torch.rand((count, 3, 64, 64), generator=torch.Generator().manual_seed(1))


def written_out(backbone: nn.Module, batch: Tensor, modules: tuple[str, ...]) -> dict[str, Tensor]:
    seen: dict[str, Tensor] = {}

    def keeping(name: str) -> Any:
        return lambda module, given, made: seen.update({name: made.clone()})

    hooks = [backbone.get_submodule(name).register_forward_hook(keeping(name)) for name in modules]
    last = backbone(batch)
    for hook in hooks:
        hook.remove()
    return {name: adaptive_avg_pool2d(maps, 1).flatten(1) for name, maps in seen.items()} | {"last": last}


@pytest.mark.parametrize("name", STAGES)
@torch.no_grad()
def test_each_stages_vector_is_the_mean_of_its_map_and_the_last_is_the_backbones_own(name: str) -> None:
    backbone, batch = backbone_of(name), images()
    expected = written_out(backbone, batch, STAGES[name])

    assert stage_names(backbone) == (*STAGES[name], "last")
    for given in (batch, batch.contiguous(memory_format=torch.channels_last)):
        found = stage_features(backbone, given)
        assert tuple(found) == (*STAGES[name], "last")
        for stage, vectors in found.items():
            torch.testing.assert_close(vectors, expected[stage], rtol=1e-4, atol=1e-5)
            assert vectors.is_contiguous()


@torch.no_grad()
def test_lower_precision_is_that_of_the_forward_pass_and_the_mean_is_float32() -> None:
    backbone, batch = backbone_of("resnet18"), images()
    with torch.autocast("cpu", torch.bfloat16):
        found = stage_features(backbone, batch)
    for stage, vectors in written_out(backbone, batch, STAGES["resnet18"]).items():
        assert found[stage].dtype == torch.float32
        assert not torch.equal(found[stage], vectors)
        torch.testing.assert_close(found[stage], vectors, rtol=0.1, atol=0.1)


def test_gradients_flow_and_no_hook_stays() -> None:
    backbone = backbone_of("resnet56_cifar")
    stage_features(backbone, images())["layer2"].sum().backward()
    assert backbone.get_parameter("conv1.weight").grad is not None
    assert backbone.get_parameter("layer3.0.conv1.weight").grad is None
    assert not any(module._forward_hooks for module in backbone.modules())


class Plain(nn.Module):
    """Knows no stages."""

    def __init__(self, feature_info: Any = None) -> None:
        super().__init__()
        self.layer = nn.Unflatten(1, (3, 1)) if feature_info else nn.Identity()
        self.feature_info = feature_info

    def forward(self, batch: Tensor) -> Tensor:
        return self.layer(batch.mean(dim=(2, 3))).flatten(1)


def test_a_model_without_stages_gives_its_last_features_alone() -> None:
    found = stage_features(Plain(), images())
    assert tuple(found) == stage_names(Plain()) == ("last",)
    torch.testing.assert_close(found["last"], images().mean(dim=(2, 3)))


def test_a_stage_that_is_neither_maps_nor_vectors_is_refused() -> None:
    with pytest.raises(Refusal, match=r"stage `layer` makes \(2, 3, 1\), neither maps .* nor vectors"):
        stage_features(Plain([{"module": "layer"}]), images())


@torch.no_grad()
def test_branches_of_one_name_are_numbered_and_class_tokens_are_left_out() -> None:
    with torch.device("meta"):
        backbone = timm.create_model("crossvit_tiny_240", num_classes=0).eval()
        found = stage_features(backbone, torch.zeros(2, 3, 240, 240))
    assert [f"blocks.0.{branch}" in found for branch in (0, 3)] == [True, True]
    vit: Any = timm.create_model("test_vit", num_classes=0).eval()
    batch = torch.rand(1, 3, 160, 160)
    tokens = vit.blocks[:1](vit.norm_pre(vit.patch_drop(vit._pos_embed(vit.patch_embed(batch)))))
    torch.testing.assert_close(stage_features(vit, batch)["blocks.0"], tokens[:, 1:].mean(dim=1))


@pytest.mark.parametrize("pooling", [{"kind": "default"}, {"kind": "generalized_mean", "power": 3.0}])
@torch.no_grad()
def test_of_a_classifier_the_last_is_what_its_head_is_given(pooling: dict) -> None:
    model = parse(MODEL | {"name": "efficientnet_lite0", "pooling": pooling}, Models, "model")
    facts: dict[str, Any] = {"channels": 3, "height": 64, "width": 64, "outputs": 4, "activation": "softmax"}
    classifier = build_model(Architecture(model=model, tabular=None, **facts)).eval()
    batch = (images() * 255).to(torch.uint8)

    vectors = StageVectors(classifier, ("blocks.1", "last")).eval()(batch)

    assert vectors.shape == (2, 24 + 1280)
    torch.testing.assert_close(classifier.head(vectors[:, 24:]), classifier(batch))
