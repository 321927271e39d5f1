"""What only the libraries can refuse is refused by `dry_run`, before there are folds, by the key that asks for it."""

from typing import Any

import numpy as np
import pytest
import torch

from foldline.card.activations import Identity
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.pixels.loaders import balanced
from foldline.training.dry_run import smallest_pass
from foldline.training.in_force import Seen
from foldline.training.models import Architecture
from foldline.training.networks import Models
from tests.training.small import MODEL, run_dry, train_section
from tests.words import SOFTMAX

GRADUAL = {"kind": "gradual", "head_epochs": 1, "stage_epochs": 1, "batchnorm": "eval"}
PARTS = {"kind": "per_stage", "stem": 0.1, "stages": [0.1, 0.1], "head": 0.1}
FLAT = {"kind": "layer_decay", "head": 0.1, "backbone": 0.1, "layer_decay": 1.0, "groups": "stages"}
ONE_CYCLE = {
    "kind": "one_cycle_linear",
    "tail_fraction": 0.1,
    "start_divisor": 10.0,
    "end_divisor": 100.0,
    "momentum_high": 0.95,
    "momentum_low": 0.8,
}
CONFLICTS: dict[str, tuple[dict[str, Any], str]] = {
    "model": ({"model": MODEL | {"name": "resnet5O"}}, "timm knows no model `resnet5O`"),
    "stages": ({"learning_rates": PARTS}, "train.learning_rates.stages has 2 rates, but timm sees 4 stages"),
    "one size": (
        {
            "model": MODEL | {"name": "test_vit"},
            "resolution": {"start_fraction": 0.5, "end_fraction": 1.0, "growing_epochs": 1},
        },
        "`test_vit` takes one size only",
    ),
    "no map": (
        {"model": MODEL | {"name": "test_vit", "pooling": {"kind": "generalized_mean", "power": 3.0}}},
        "train.model.pooling needs a model that makes maps of features",
    ),
    "activation": (
        {"model": MODEL | {"hidden_activation": "leeky"}},
        "train.model.hidden_activation is 'leeky'",
    ),
    "no stages": (
        {"model": MODEL | {"name": "test_vit", "spatial_dropout_rate": 0.5}},
        "train.model.spatial_dropout_rate is 0.5, but the stages",
    ),
    "option": (
        {"model": MODEL | {"name": "resnet56_cifar", "drop_path_rate": 0.1}},
        "train.model.drop_path_rate: `resnet56_cifar` does not take",
    ),
    "no momentum": (
        {"optimizer": {"kind": "timm", "name": "adagrad", "options": {}, "weight_decay": 0.0}, "schedule": ONE_CYCLE},
        "train.schedule moves the momentum, but Adagrad has none",
    ),
    "second order": (
        {"optimizer": {"kind": "timm", "name": "adahessian", "options": {}, "weight_decay": 0.0}},
        "`adahessian` needs gradients of gradients",
    ),
    "ignored rate": (
        {"model": MODEL | {"name": "test_efficientnet", "drop_path_rate": 0.1}},
        "train.model.drop_path_rate is 0.1, but `test_efficientnet` does not follow it: in force is 0. Set it to 0",
    ),
    "misplaced layers": (
        {"model": MODEL | {"name": "efficientvim_m1"}},
        "does not group the layers of EfficientViM so (stages.1.blocks.0.alpha",
    ),
    "no coarse groups": (
        {"model": MODEL | {"name": "rdnet_tiny"}},
        "(AssertionError: coarse grouping is not implemented for RDNet). Set train.learning_rates to",
    ),
    "distilled": (
        {"model": MODEL | {"name": "deit_tiny_distilled_patch16_224", "pooling": {"kind": "max"}}},
        "train.model.pooling: `deit_tiny_distilled_patch16_224` does not take what is asked of it",
    ),
    "one image": (
        {"model": MODEL | {"name": "test_efficientnet"}, "micro_batch_size": 2, "learning_rates": FLAT},
        "train.micro_batch_size: `test_efficientnet` cannot learn from a single image of 32 x 32 pixels (ValueError: ",
    ),
    "smaller images": (
        {
            "model": MODEL | {"name": "test_convnext"},
            "resolution": {"start_fraction": 0.05, "end_fraction": 1.0, "growing_epochs": 2},
            "learning_rates": FLAT,
        },
        "train.resolution: `test_convnext` cannot learn from images of 2 x 2 pixels (RuntimeError: ",
    ),
    "crop": (
        {"augmentation": {"recipe": "none", "transforms": [{"RandomCrop": {"height": 300, "width": 9, "p": 0.3}}]}},
        "train.augmentation fails on an image of (32, 32, 3), uint8 (CropSizeError: ",
    ),
    "type of image": (
        {"augmentation": {"recipe": "none", "transforms": [{"Normalize": {"p": 0.2}}]}},
        "train.augmentation makes an image of (32, 32, 3), float32, of one of (32, 32, 3), uint8",
    ),
    "transform": (
        {"augmentation": {"recipe": "none", "transforms": [{"Blurr": {"p": 0.5}}]}},
        "albumentations knows no `Blurr`",
    ),
}


@pytest.mark.parametrize("conflict", sorted(CONFLICTS))
def test_refuses(conflict: str) -> None:
    changes, message = CONFLICTS[conflict]
    with pytest.raises(Refusal) as refusal:
        run_dry(train_section(**changes), (32, 32, 3))
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "size", "valid"), [("crossvit_9_240", 224, "240 and 240"), ("efficientformer_l1", 192, "196 and 196")]
)
def test_refuses_a_size_and_names_one_that_would_do(name: str, size: int, valid: str) -> None:
    config = train_section(model=MODEL | {"name": name}, learning_rates=FLAT)
    with pytest.raises(Refusal) as refusal:
        run_dry(config, (size, size, 3))
    said = str(refusal.value)
    assert said.startswith(f"prepare.height_pixels and prepare.width_pixels: `{name}` cannot take images of {size} x")
    assert said.endswith(f"{valid} would do.")


def test_a_dropout_of_other_layers_is_not_the_drop_rate() -> None:
    """0.125 within relative positions; in the classifier of the other model 0.1, whatever it is told."""
    run_dry(train_section(model=MODEL | {"name": "test_vit_relpos"}, learning_rates=FLAT), (32, 32, 3))
    with pytest.raises(
        Refusal, match=r"train.model.drop_rate is 0, but `cpubone_nano` does not follow it: .* is 0.1\."
    ):
        run_dry(train_section(model=MODEL | {"name": "cpubone_nano"}, learning_rates=FLAT), (64, 64, 3))


def test_refuses_a_view_that_the_model_cannot_predict_from() -> None:
    config = train_section(model=MODEL | {"name": "test_convnext"}, learning_rates=FLAT)
    run_dry(config, (64, 64, 3), ["scale_50+transpose"])
    with pytest.raises(Refusal, match=r"predict.views: `test_convnext` cannot predict from scale_25 \(RuntimeError: "):
        run_dry(config, (64, 64, 3), ["identity", "scale_25"])


def test_refuses_to_compile_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(Refusal, match=r"train.compile needs a C\+\+ compiler, and there is no `no-such-compiler`"):
        run_dry(train_section(compile=True), (32, 32, 3))


def test_what_fits_is_let_through_whatever_is_learned() -> None:
    learning = {
        "loss": {"kind": "huber", "delta": 1.0},
        "freezing": GRADUAL,
        "schedule": ONE_CYCLE,
        "augmentation": {"recipe": "heavy", "transforms": []},
        "resolution": {"start_fraction": 0.5, "end_fraction": 0.9, "growing_epochs": 2},
    }
    config = train_section(**learning)
    run_dry(
        config,
        (32, 24, 1),
        ["identity", "scale_150+horizontal_flip"],
        activation=Identity,
        pixels=(32, 24, 1, np.dtype(np.float16)),
    )


def test_a_rate_of_zero_is_zero_and_is_seen_to_be() -> None:
    """timm's own default of this model is 0.1."""
    still, dropping = (MODEL | {"name": "swin_s3_tiny_224", "drop_path_rate": rate} for rate in (0.0, 0.3))
    for model, rates in ((still, set()), (dropping, {0.3})):
        backbone, *_ = architecture(model).model.build(architecture(model), None)
        with Seen() as seen, torch.no_grad():
            backbone.train()(torch.zeros(1, 3, 224, 224))
        assert {round(max(seen.paths), 6)} == rates if rates else seen.paths <= {0.0}


@pytest.mark.parametrize(
    ("batch", "micro", "processes", "smallest"),
    [
        (64, 64, 1, 32),
        (64, 2, 1, 1),
        (64, 3, 1, 2),
        (2, 2, 1, 1),
        (3, 3, 1, 2),
        (4, 4, 2, 1),
        (5, 5, 2, 1),
        (7, 3, 2, 2),
    ],
)
def test_the_smallest_micro_batch_of_any_number_of_rows(batch: int, micro: int, processes: int, smallest: int) -> None:
    config = train_section(batch_size=batch, micro_batch_size=micro)
    assert smallest_pass(config, processes) == smallest
    seen = {
        len(places)
        for rows in range(batch + 1, 12 * batch)
        for step in balanced(rows, batch)
        for share in np.array_split(np.arange(step), processes)
        for places in np.split(share, np.cumsum(balanced(len(share), micro))[:-1])
    }
    assert min(seen) == smallest


def architecture(model: dict[str, Any]) -> Architecture:
    section = parse(model, Models, "model")
    return Architecture(model=section, channels=3, height=224, width=224, outputs=2, activation=SOFTMAX, tabular=None)
