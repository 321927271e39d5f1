"""Parameter groups: rates by depth, and what weight decay spares."""

from typing import Any

import pytest
import timm
import torch
from torch import nn

from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.training.layer_groups import LayerDecay, StageRates, layer_depths, parameter_groups
from foldline.training.models import Architecture, build_model
from foldline.training.networks import Model, Models
from tests.training.small import MODEL
from tests.words import SOFTMAX


def rates(layer_decay: float, groups: str = "stages") -> LayerDecay:
    return LayerDecay(kind="layer_decay", head=1.0, backbone=0.1, layer_decay=layer_decay, groups=groups)  # type: ignore[arg-type]


def architecture(name: str = "test_resnet") -> Architecture:
    head = {"kind": "mlp", "units": 8, "drop_rate": 0.5}
    return of_model(parse(MODEL | {"name": name, "head": head}, Models, "model"))


def of_model(model: Model) -> Architecture:
    return Architecture(model=model, channels=3, height=32, width=32, outputs=4, activation=SOFTMAX, tabular=None)


def decay_of_each(groups: list[dict[str, Any]]) -> dict[int, float]:
    """By the parameter's id."""
    return {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}


@pytest.mark.parametrize("name", ["resnet152", "seresnet152d"])
@pytest.mark.parametrize(("groups", "count"), [("stages", 5), ("blocks", 51)])
def test_depths_of_the_big_resnets(name: str, groups: str, count: int) -> None:
    """A stem and 3 + 8 + 36 + 3 blocks in four stages; the deepest block is next to the head."""
    with torch.device("meta"):
        backbone = timm.create_model(name, num_classes=0)
    depths = layer_depths(backbone, groups)
    assert set(depths.values()) == set(range(count))
    stem = "conv1.weight" if name == "resnet152" else "conv1.0.weight"
    assert depths[stem] == count - 1
    assert depths["layer4.2.conv1.weight"] == 0
    assert depths["layer3.35.conv1.weight"] == (1 if groups == "stages" else 3)
    assert depths["layer1.0.conv1.weight"] == count - 2


def test_every_parameter_once_with_its_rate() -> None:
    model = build_model(architecture())
    groups = parameter_groups(model, rates(0.5), weight_decay=0.3)
    found = {id(p): group for group in groups for p in group["params"]}
    assert len(found) == sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    by_name = {name: found[id(parameter)] for name, parameter in model.named_parameters()}
    assert by_name["head.0.weight"]["peak_rate"] == by_name["head.3.bias"]["peak_rate"] == 1.0
    assert by_name["backbone.layer4.0.conv1.weight"]["peak_rate"] == 0.1
    assert by_name["backbone.layer2.0.conv1.weight"]["peak_rate"] == pytest.approx(0.1 * 0.5**2)
    assert by_name["backbone.conv1.0.weight"]["peak_rate"] == pytest.approx(0.1 * 0.5**4)
    assert groups[-1]["peak_rate"] == 1.0


def test_norms_and_biases_do_not_decay() -> None:
    model = build_model(architecture())
    decays = decay_of_each(parameter_groups(model, rates(1.0), 0.3))
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            spared = name == "bias" or isinstance(module, nn.BatchNorm2d)
            assert decays[id(parameter)] == (0.0 if spared else 0.3)


def test_what_the_model_spares_is_spared() -> None:
    model = build_model(architecture("test_vit"))
    decays = decay_of_each(parameter_groups(model, rates(1.0), 0.3))
    assert decays[id(model.backbone.get_parameter("pos_embed"))] == 0.0
    assert decays[id(model.backbone.get_parameter("patch_embed.proj.weight"))] == 0.3


def test_refuses_layers_that_timm_does_not_group() -> None:
    with pytest.raises(Refusal, match=r"does not group the layers of Linear.*layer_decay: 1.0"):
        layer_depths(nn.Linear(2, 2), "stages")


def test_rates_of_stem_stages_and_head() -> None:
    model = build_model(architecture("resnet18"))
    section = StageRates(kind="per_stage", stem=0.1, stages=(0.2, 0.3, 0.4, 0.5), head=0.6)
    by_name = dict.fromkeys(["conv1", "layer1", "layer2", "layer3", "layer4"], 0.0)
    found = {id(p): group["peak_rate"] for group in parameter_groups(model, section, 0.0) for p in group["params"]}
    for name, parameter in model.backbone.named_parameters():
        by_name[name.partition(".")[0]] = found[id(parameter)]
    assert by_name == {"conv1": 0.1, "bn1": 0.1, "layer1": 0.2, "layer2": 0.3, "layer3": 0.4, "layer4": 0.5}
    assert {found[id(parameter)] for parameter in model.head.parameters()} == {0.6}


def test_refuses_rates_for_another_number_of_stages() -> None:
    section = StageRates(kind="per_stage", stem=0.1, stages=(0.2, 0.3), head=0.6)
    with pytest.raises(Refusal, match=r"stages has 2 rates, but timm sees 4 stages above the stem of this ResNet"):
        parameter_groups(build_model(architecture()), section, 0.0)


def test_plain_head_is_the_last_group() -> None:
    groups = parameter_groups(build_model(of_model(parse(MODEL, Models, "model"))), rates(0.5), 0.0)
    assert [parameter.shape for parameter in groups[-1]["params"]] == [torch.Size([4])]
    assert groups[-1]["peak_rate"] == 1.0
