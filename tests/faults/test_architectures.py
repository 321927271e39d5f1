"""Every family of timm's architectures, asked for all that params.yaml can ask.

What it cannot do is refused by its key, and who does what the messages say arrives at a training.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from foldline.card.activations import Softmax
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.training.backbones import has_fixed_size
from foldline.training.models import Architecture, build_model
from foldline.training.networks import Models
from foldline.training.weights import FileWeights
from tests.training.small import MODEL, TRAIN, run_dry, train_section

SMALL = {
    "beit": "beit_base_patch16_224",
    "byoanet": "halonet_h1",
    "byobnet": "test_byobnet",
    "cait": "cait_xxs24_224",
    "coat": "coat_tiny",
    "convit": "convit_tiny",
    "convmixer": "convmixer_768_32",
    "convnext": "test_convnext",
    "cpubone": "cpubone_nano",
    "crossvit": "crossvit_tiny_240",
    "csatv2": "csatv2",
    "cspnet": "cs3darknet_focus_s",
    "cspnext": "cspnext_tiny",
    "davit": "davit_tiny",
    "deepseek_vit": "deepseek_vit_412m",
    "deit": "deit_tiny_patch16_224",
    "densenet": "densenet121",
    "dla": "dla46x_c",
    "dpn": "dpn48b",
    "edgenext": "edgenext_xx_small",
    "efficientformer": "efficientformer_l1",
    "efficientformer_v2": "efficientformerv2_s0",
    "efficientnet": "test_efficientnet",
    "efficientvim": "efficientvim_m1",
    "efficientvit_mit": "efficientvit_b0",
    "efficientvit_msra": "efficientvit_m0",
    "eva": "vit_tiny_patch16_dinov3_qkvb",
    "fasternet": "fasternet_t0",
    "fastvit": "fastvit_t8",
    "focalnet": "focalnet_tiny_srf",
    "gcvit": "gcvit_xxtiny",
    "gemma4_vit": "gemma4_vit_167m",
    "ghostnet": "ghostnet_050",
    "hardcorenas": "hardcorenas_b",
    "hgnet": "hgnetv2_b0",
    "hiera": "hiera_tiny_224",
    "hieradet_sam2": "sam2_hiera_tiny",
    "hrnet": "hrnet_w18_small",
    "iformer": "iformer_t",
    "inception_next": "inception_next_atto",
    "inception_resnet_v2": "inception_resnet_v2",
    "inception_v3": "inception_v3",
    "inception_v4": "inception_v4",
    "lcnetv2": "lcnetv2_small",
    "levit": "levit_128s",
    "lowformer": "lowformer_b0",
    "mambaout": "test_mambaout",
    "maxxvit": "test_coatnet",
    "metaformer": "poolformerv2_s12",
    "mlp_mixer": "gmlp_ti16_224",
    "mobilenetv3": "mobilenetv3_small_050",
    "mobilenetv5": "mobilenetv5_base",
    "mobilevit": "mobilevit_xxs",
    "mvitv2": "mvitv2_tiny",
    "naflexvit": "naflexvit_base_patch16_gap",
    "nasnet": "nasnetalarge",
    "nest": "nest_tiny",
    "nextvit": "nextvit_small",
    "nfnet": "test_nfnet",
    "pit": "pit_ti_224",
    "pnasnet": "pnasnet5large",
    "pvt_v2": "pvt_v2_b0",
    "qwen3_vit": "qwen3_vit_88m",
    "rdnet": "rdnet_tiny",
    "regnet": "regnetx_002",
    "repghost": "repghostnet_050",
    "repvit": "repvit_m1",
    "res2net": "res2next50",
    "resnest": "resnest14d",
    "resnet": "test_resnet",
    "resnetv2": "resnetv2_18",
    "rexnet": "rexnet_100",
    "selecsls": "selecsls42",
    "senet": "legacy_seresnet18",
    "sequencer": "sequencer2d_s",
    "shvit": "shvit_s1",
    "sknet": "skresnet18",
    "starnet": "starnet_s050",
    "swiftformer": "swiftformer_xs",
    "swin_transformer": "swin_tiny_patch4_window7_224",
    "swin_transformer_v2": "swinv2_tiny_window8_256",
    "swin_transformer_v2_cr": "swinv2_cr_tiny_224",
    "tiny_vit": "tiny_vit_5m_224",
    "tnt": "tnt_s_legacy_patch16_224",
    "tresnet": "tresnet_m",
    "twins": "twins_svt_small",
    "vgg": "vgg11",
    "visformer": "visformer_tiny",
    "vision_transformer": "test_vit",
    "vision_transformer_hybrid": "vit_tiny_r_s16_p8_224",
    "vision_transformer_relpos": "test_vit_relpos",
    "vision_transformer_sam": "samvit_base_patch16_224",
    "vitamin": "vitamin_small_224",
    "volo": "volo_d1_224",
    "vovnet": "ese_vovnet19b_slim_dw",
    "xception": "legacy_xception",
    "xception_aligned": "xception41p",
    "xcit": "xcit_nano_12_p8_224",
}
"""By timm's module, one of its smaller models."""
MORE = (
    "conv_encoder",
    "conv_encoder4",
    "deit_tiny_distilled_patch16_224",
    "fcnn",
    "mixer_s32_224",
    "resnet18",
    "resnet18_cifar",
    "resnet34_cifar",
    "resnet56_cifar",
    "rn4",
    "rr4",
    "swin_s3_tiny_224",
    "vit_small_patch14_dinov2",
    "vit_tiny_patch16_224",
)
FIXED = [name for name in (*SMALL.values(), *MORE) if has_fixed_size(name)]
SIZE = re.compile(r"(\d+) and (\d+) would do")
RATE = re.compile(r"Set it to ([\d.]+\d)")
MOST_REFUSALS = 14


def everything() -> dict[str, Any]:
    return {
        "size": (96, 96),
        "channels": 1,
        "views": ["identity", "scale_125"],
        "train": {
            **deepcopy(TRAIN),
            "model": MODEL
            | {
                "pooling": {"kind": "generalized_mean", "power": 3.0},
                "hidden_activation": "leaky_relu",
                "drop_rate": 0.3,
                "drop_path_rate": 0.2,
                "spatial_dropout_rate": 0.1,
            },
            "optimizer": {"kind": "sgd", "momentum": 0.0, "nesterov": False, "weight_decay": 0.05},
            "learning_rates": TRAIN["learning_rates"] | {"groups": "blocks"},
            "resolution": {"start_fraction": 0.5, "end_fraction": 1.0, "growing_epochs": 1},
            "average": {"kind": "none"},
            "micro_batch_size": 1,
        },
    }


CURES: dict[str, tuple[str, Any]] = {
    "train.model.pooling": ("model.pooling", {"kind": "default"}),
    "train.model.hidden_activation": ("model.hidden_activation", "default"),
    "train.learning_rates or train.freezing": ("learning_rates", TRAIN["learning_rates"] | {"layer_decay": 1.0}),
    "train.resolution": ("resolution", {"start_fraction": 1.0, "end_fraction": 1.0, "growing_epochs": 0}),
    "train.micro_batch_size": ("micro_batch_size", 3),
    "predict.views": ("views", ["identity"]),
    "the card's `layout.channels`": ("channels", 3),
}


def follow(said: str, asked: dict[str, Any]) -> None:
    """Do what a refusal says."""
    train, rate = asked["train"], re.match(r"train\.model\.(\w+_rate)\b", said)
    if said.startswith("prepare.height_pixels and prepare.width_pixels: "):
        found = SIZE.search(said)
        assert found, said
        asked["size"] = (int(found[1]), int(found[2]))
    elif rate:
        found = RATE.search(said)
        assert found or "Set it to 0" in said, said
        train["model"][rate[1]] = float(found[1]) if found else 0.0
    else:
        key = next((key for key in CURES if said.startswith(key)), None)
        assert key, f"it names no key, or one that was not asked for: {said}"
        name, value = CURES[key]
        section = train["model"] if name.startswith("model.") else asked if name in asked else train
        section[name.removeprefix("model.")] = value


@pytest.mark.faults
def test_every_family_has_its_model() -> None:
    """Those of ours register themselves there, too, when they are imported."""
    assert set(SMALL) == {module for module in timm.list_modules() if find_spec(f"timm.models.{module}")}


@pytest.mark.faults
@pytest.mark.parametrize("name", [*SMALL.values(), *MORE])
def test_who_follows_the_refusals_arrives(name: str, outcome: Callable[..., None]) -> None:
    asked = everything()
    asked["train"]["model"]["name"] = name
    said: list[str] = []
    while len(said) < MOST_REFUSALS:
        try:
            run_dry(train_section(**asked["train"]), (*asked["size"], asked["channels"]), asked["views"])
        except Refusal as refusal:
            assert str(refusal) not in said, "said before"
            said.append(str(refusal))
            follow(said[-1], asked)
            outcome("what a model cannot do", "refused")
        else:
            break
    else:
        raise AssertionError("\n".join(said))
    outcome("an architecture asked for everything", "survived")


@pytest.mark.faults
@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("size", [96, 288])
def test_weights_of_another_size_are_in_force_or_refused(
    name: str, size: int, tmp_path: Path, outcome: Callable[..., None]
) -> None:
    """Position embeddings and relative positions are resampled by timm, all else is as it is in the file."""
    torch.manual_seed(0)
    (tmp_path / "own").mkdir()
    save_file(
        {key: tensor.clone() for key, tensor in timm.create_model(name).state_dict().items()},
        tmp_path / "own" / "found.safetensors",
    )
    written = tmp_path / "weights.safetensors"
    FileWeights(kind="file", path="found.safetensors", match="name").write(written, name, tmp_path / "own")
    config = train_section(
        model=MODEL | {"name": name},
        average={"kind": "none"},
        learning_rates=TRAIN["learning_rates"] | {"layer_decay": 1.0},
    )
    try:
        run_dry(config, (size, size, 3), weights=written)
    except Refusal as refusal:
        assert "prepare.height_pixels" in str(refusal) or "train.model.name" in str(refusal), str(refusal)
        outcome("weights of another image size", "refused")
        return
    section = parse(MODEL | {"name": name}, Models, "model")
    sizes = {
        "channels": 3,
        "height": size,
        "width": size,
        "outputs": 2,
        "activation": Softmax(kind="softmax"),
        "tabular": None,
    }
    built = build_model(Architecture(model=section, **sizes), written).backbone.state_dict()
    found = load_file(written)
    same = [key for key, tensor in built.items() if key in found and found[key].shape == tensor.shape]
    assert set(built) == set(found)
    assert all(np.array_equal(built[key], found[key]) for key in same if "relative" not in key)
    learned = sum(found[key].numel() for key in same)
    assert learned > 0.5 * sum(tensor.numel() for tensor in built.values())
    outcome("weights of another image size", "survived")
