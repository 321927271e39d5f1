"""The section `train`: what contradicts itself is refused before any work, and the recipes' models exist."""

from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.params.section import read_section
from foldline.params.yaml_files import read_yaml
from foldline.training.backbones import known_model
from foldline.training.train_section import Train
from tests.training.small import train_section

RECIPES = sorted((Path(__file__).resolve().parents[2] / "pipelines" / "recipes").glob("*.yaml"))


def test_refuses_nesterov_without_momentum() -> None:
    with pytest.raises(Refusal, match=r"nesterov is true but optimizer.momentum is 0"):
        train_section(optimizer={"kind": "sgd", "momentum": 0.0, "nesterov": True, "weight_decay": 0.0})


def test_refuses_a_warmup_that_never_ends() -> None:
    schedule = {"kind": "warmup_cosine", "warmup_epochs": 4, "start_factor": 0.1, "end_factor": 0.1}
    with pytest.raises(Refusal, match=r"warmup_epochs is 4, longer than the training: train.epochs is 3"):
        train_section(schedule=schedule)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ([0, 1, 0], r"`seeds` is \[0, 1, 0\]: it takes one or more different integers \(equal"),
        ([], r"`seeds` is \[\]: it takes one or more different"),
        ([-1], r"`seeds.0` is -1: input should be greater than or equal to 0\.$"),
    ],
)
def test_refuses_seeds_that_are_no_different_whole_numbers(seeds: list[int], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        train_section(seeds=seeds)


@pytest.mark.parametrize("path", RECIPES, ids=[path.stem for path in RECIPES])
def test_recipes_name_models_that_exist_and_pretrained_ones_with_their_tag(path: Path) -> None:
    name = read_section(path, "train", Train).model.name
    known_model(name)
    assert read_yaml(path)["weights"]["kind"] == "none" or "." in name
