"""What only the libraries can refuse is refused by `check`, before there are images."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.files.refusal import Refusal
from foldline.params.section import read_section
from foldline.training.train_section import Train
from foldline.training.training_setup import dry_run
from pipelines import check
from tests.training.small import MODEL, train_section

GRADUAL = {"kind": "gradual", "head_epochs": 1, "stage_epochs": 1, "batchnorm": "eval"}
PARTS = {"kind": "per_stage", "stem": 0.1, "stages": [0.1, 0.1], "head": 0.1}
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
        "train.model.pooling needs a model that makes a map of features",
    ),
    "activation": (
        {"model": MODEL | {"hidden_activation": "leeky"}},
        "train.model.hidden_activation is 'leeky'",
    ),
    "no stages": (
        {"model": MODEL | {"name": "test_vit", "spatial_dropout_rate": 0.5}},
        "train.model.spatial_dropout_rate is 0.5, but the stages",
    ),
    "option": ({"model": MODEL | {"name": "vgg11", "drop_path_rate": 0.1}}, "`vgg11` does not take"),
    "no momentum": (
        {"optimizer": {"kind": "timm", "name": "adagrad", "options": {}, "weight_decay": 0.0}, "schedule": ONE_CYCLE},
        "train.schedule moves the momentum, but Adagrad has none",
    ),
    "second order": (
        {"optimizer": {"kind": "timm", "name": "adahessian", "options": {}, "weight_decay": 0.0}},
        "`adahessian` needs gradients of gradients",
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
        dry_run(train_section(**changes), (32, 32, 3), ())
    assert message in str(refusal.value)


def test_refuses_to_compile_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(Refusal, match=r"train.compile needs a C\+\+ compiler, and there is no `no-such-compiler`"):
        dry_run(train_section(compile=True), (32, 32, 3), ())


def test_what_fits_is_let_through_whatever_is_learned() -> None:
    learning = {
        "loss": {"kind": "huber", "delta": 1.0},
        "freezing": GRADUAL,
        "schedule": ONE_CYCLE,
        "augmentation": {"recipe": "heavy", "transforms": []},
    }
    dry_run(train_section(**learning), (32, 24, 1), ("horizontal_flip",))


def test_what_any_model_has_needs_no_library() -> None:
    """The experiment to begin with is checked in a second, without torch."""
    train = read_section(Path("params.yaml"), "train", Train)
    assert not train.asks_its_libraries
    for changes, _ in CONFLICTS.values():
        changed = train.model_copy(update={name: getattr(train_section(**changes), name) for name in changes})
        assert changed.asks_its_libraries


def test_check_makes_a_dry_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["train"] |= {"learning_rates": PARTS}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.setattr(sys, "argv", ["check", "--params", str(tmp_path / "params.yaml")])
    with pytest.raises(Refusal, match=r"train.learning_rates.stages has 2 rates, but timm sees \d stages"):
        check.main()
