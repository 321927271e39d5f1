"""Networks of our own in timm's registry: their weights are counted, and they are asked as timm's models are."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from foldline.files.refusal import Refusal
from foldline.training.backbones import build_backbone
from foldline.training.features import stage_features
from foldline.training.layer_groups import layer_depths
from foldline.training.small_networks import ResidualBlock
from foldline.training.weights import HubWeights
from tests.training.small import MODEL, run_dry, train_section

ENCODER = (3 * 9 * 32 + 32) + (32 * 9 * 64 + 64) + (64 * 9 * 128 + 128)
CLASSIFIER = 128 * 10 + 10
RATES = {"kind": "layer_decay", "head": 0.01, "backbone": 0.01, "layer_decay": 0.9}


def weights(name: str, **options: Any) -> int:
    model = timm.create_model(name, **{"num_classes": 10, **options})
    return sum(parameter.numel() for parameter in model.parameters())


def test_weights_are_as_many_as_the_report_and_its_reference_count() -> None:
    """Of rn and rr the blocks; what the report leaves open is counted by hand."""
    assert weights("fcnn") == 1_315_594
    assert weights("conv_encoder") == ENCODER + CLASSIFIER
    assert weights("conv_encoder4") == weights("conv_encoder") + 128 * 9 * 128 + 128
    assert weights("rn5") - weights("rn4") == 9_312
    assert weights("rr64") - weights("rr63") == 10_176
    after_stem = ENCODER + (16 - 3) * 9 * 32 + CLASSIFIER
    assert weights("rn16") == (3 * 16 + 16) + 16 * 9_312 + after_stem
    assert weights("rr16") == (3 * 16 + 16) + 16 * 10_176 + after_stem
    assert weights("fcnn", img_size=(8, 4), in_chans=1) == 1_315_594 - 256 * (3 * 32 * 32 - 8 * 4)


def test_residual_networks_for_small_images_keep_large_maps() -> None:
    """Of the ResNet-18 and ResNet-34 the first convolution alone has fewer weights: 3 x 3 pixels instead of 7 x 7."""
    for name in ("resnet18", "resnet34"):
        assert weights(name) - weights(f"{name}_cifar") == 64 * 3 * (7 * 7 - 3 * 3)
    network = timm.create_model("resnet18_cifar", in_chans=1).eval()
    maps = network.forward_intermediates(torch.zeros(1, 1, 32, 32), intermediates_only=True)
    assert [one.shape[-1] for one in maps] == [32, 32, 16, 8, 4]
    assert [info["reduction"] for info in network.feature_info] == [1, 1, 2, 4, 8]


def test_each_block_is_given_the_image_and_adds_to_the_other_channels_alone() -> None:
    network, image = timm.create_model("rr3").eval(), torch.randn(2, 3, 8, 8)
    given = []
    for block in network.get_submodule("stages.0").children():
        block.register_forward_hook(lambda block, inputs, output: given.append((inputs[0], output)))
    network(image)
    blocks = given[:-1]
    assert len(blocks) == 3 == sum(isinstance(module, ResidualBlock) for module in network.modules())
    assert all(torch.equal(before[:, 16:], image) and torch.equal(after[:, 16:], image) for before, after in blocks)
    assert not any(torch.equal(before[:, :16], after[:, :16]) for before, after in blocks)
    assert given[-1][1].shape == (2, 16, 8, 8)


@pytest.mark.parametrize(("name", "stages", "blocks"), [("fcnn", 9, 9), ("conv_encoder", 3, 3), ("rn4", 5, 8)])
def test_layers_are_grouped_and_stages_give_their_features(name: str, stages: int, blocks: int) -> None:
    """rn: the stem, the residual stage of four blocks, and three of the encoder."""
    network = build_backbone(name)
    assert set(layer_depths(network, "stages").values()) == set(range(stages))
    assert set(layer_depths(network, "blocks").values()) == set(range(blocks))
    told: Any = network.eval().feature_info
    maps: list[Tensor] = []
    for info in told:
        network.get_submodule(info["module"]).register_forward_hook(lambda stage, given, made: maps.append(made))
    features = stage_features(network, torch.randn(2, 3, 32, 32))
    assert list(features) == [*(info["module"] for info in told), "last"]
    assert [vectors.shape[1] for vectors in features.values()] == [
        *(info["num_chs"] for info in told),
        told[-1]["num_chs"],
    ]
    if name != "fcnn":
        assert [32 // one.shape[2] for one in maps] == [info["reduction"] for info in told]
    torch.testing.assert_close(features["last"], features[told[-1]["module"]])


@pytest.mark.parametrize("name", ["fcnn", "conv_encoder", "rn2", "rr2"])
def test_what_params_ask_of_it_is_in_force(name: str) -> None:
    """As `dry_run` sees it: rates, activations, groups in the order of use, images that are not square."""
    changes = {"drop_rate": 0.3, "spatial_dropout_rate": 0.0 if name == "fcnn" else 1 / 3, "hidden_activation": "tanh"}
    for groups in ("blocks", "stages"):
        model = MODEL | {"name": name} | changes
        run_dry(train_section(model=model, learning_rates=RATES | {"groups": groups}), (16, 24, 1))
    run_dry(train_section(model=MODEL | {"name": name}), (8, 8, 3))


def test_the_activation_is_leaky_relu_and_dropout_follows_each_hidden_layer() -> None:
    kinds = [type(module) for module in timm.create_model("fcnn").modules()]
    assert kinds.count(nn.LeakyReLU) == 9 and nn.ReLU not in kinds
    assert (
        sum(isinstance(module, nn.Dropout) and module.p == 0.3 for module in timm.create_model("fcnn").modules()) == 9
    )


def test_refuses_weights_that_nobody_trained(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"weights.kind is hub, but there are no pretrained weights of `rn16`. Set"):
        HubWeights(kind="hub", revision="main").write(tmp_path / "weights.safetensors", "rn16", tmp_path)
