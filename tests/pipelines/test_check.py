"""What is refused before any work is done, and that everything we ship is valid."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from foldline.card.card import own_tables, read_card
from foldline.experiment.fitting import refuse_unfit
from foldline.experiment.params import Params, read_params
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml

RECIPES = sorted(Path("pipelines/recipes").glob("*.yaml"))
DIGITS = Path("pipelines/recipes/digits.yaml")
SLOW = {"torch", "timm", "albumentations", "accelerate", "pandas.core", "pyarrow.lib", "scipy._lib"}
GRADUAL = {"kind": "gradual", "head_epochs": 1, "stage_epochs": 1, "batchnorm": "eval"}
CARDS = sorted(Path("pipelines/competitions").glob("*.yaml"))


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_every_recipe_is_complete_and_fits_its_card(recipe: Path) -> None:
    params = read_params(recipe)
    refuse_unfit(params, read_card(Path(f"pipelines/competitions/{params.competition}.yaml")))


@pytest.mark.parametrize("card", CARDS, ids=str)
def test_every_card_is_valid_and_can_be_named_by_an_experiment(card: Path) -> None:
    assert read_card(card).slug == card.stem
    assert all(callable(own.load()) for own in own_tables(read_card(card)))
    experiment = read_yaml(DIGITS) | {"competition": card.stem}
    assert parse(experiment, Params, "params.yaml").competition == card.stem


def test_every_function_next_to_the_cards_is_found_in_them() -> None:
    named = {(own.file, own.name) for card in CARDS for own in own_tables(read_card(card))}
    assert len(named) >= 9 and {file for file, _ in named} == {path.name for path in CARDS[0].parent.glob("*.py")}


@pytest.mark.skipif("CI" not in os.environ, reason="whoever works here edits params.yaml")
def test_the_experiment_to_start_with_is_the_recipe_of_the_embedded_competition() -> None:
    assert Path("params.yaml").read_bytes() == Path("pipelines/recipes/digits.yaml").read_bytes()


def test_a_misspelt_parameter_ends_the_command_with_its_path_and_the_valid_ones(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text(DIGITS.read_text().replace("epochs: ", "epohcs: ", 1))
    command = [sys.executable, "-m", "pipelines.check", "--params", str(params)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert "`train.epohcs` is not a known key. Did you mean `epochs`?" in result.stderr
    assert "Traceback" not in result.stderr


def test_it_loads_neither_torch_nor_pandas_whatever_is_asked_for(tmp_path: Path) -> None:
    """What only torch, timm and albumentations can say, the stage `dry_run` asks them."""
    params = read_yaml(DIGITS)
    own = {"kind": "python", "file": "input/own/absent.py", "name": "Loss"}
    params["train"] |= {"compile": True, "precision": "bfloat16", "loss": own, "freezing": GRADUAL}
    params["train"]["model"] |= {"name": "vit_tiny_patch16_224", "drop_path_rate": 0.1, "hidden_activation": "relu"}
    params["train"]["augmentation"]["transforms"] = [{"GaussianBlur": {"p": 0.3}}]
    params["train"]["phases"] = [{"name": "one", "epochs": 6, "save_model": True}]
    params["predict"]["views"] = ["identity", "scale_125"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    program = f"import sys; from pipelines import check; check.main(); print(sorted({SLOW} & set(sys.modules)))"
    command = [sys.executable, "-c", program, "--params", str(tmp_path / "params.yaml")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    root = Path.cwd()
    (tmp_path / "pipelines").symlink_to(root / "pipelines")
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"
