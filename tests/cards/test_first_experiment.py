"""What a card and the pictures decide of a first experiment; that it is valid for every card we ship."""

from pathlib import Path

import pytest

from foldline.cards.card import read_card
from foldline.cards.first_experiment import UNKNOWN, Pictures, first_experiment
from foldline.cards.fitting import refuse_unfit
from foldline.config.params import Params
from foldline.config.section import parse, read_yaml

RECIPE = read_yaml(Path("pipelines/recipes/dog-breed-resnet152.yaml"))
CARDS = sorted(Path("pipelines/competitions").glob("*.yaml"))
DOGS = read_card(Path("pipelines/competitions/dog-breed-identification.yaml"))


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
def test_every_card_has_a_valid_first_experiment(card: Path) -> None:
    facts = read_card(card)
    params = parse(first_experiment(RECIPE, facts, UNKNOWN), Params, "first")
    refuse_unfit(params, facts)
    assert params.competition == card.stem


@pytest.mark.parametrize(
    ("pictures", "side", "resize", "share"),
    [
        (Pictures(28.0, 1.0, 0.0), 32, "squash", 0.0),
        (Pictures(75.0, 1.0, 0.0), 96, "squash", 0.0),
        (Pictures(400.0, 1.33, 0.0), 224, "squash", 0.0),
        (Pictures(480.0, 2.0, 0.00012), 224, "pad", 0.001),
    ],
)
def test_pictures_decide_their_size(pictures: Pictures, side: int, resize: str, share: float) -> None:
    prepare = first_experiment(RECIPE, DOGS, pictures)["prepare"]
    assert (prepare["height_pixels"], prepare["width_pixels"]) == (side, side)
    assert (prepare["resize"], prepare["unreadable_share"]) == (resize, share)


def test_the_recipe_stays_as_it_was() -> None:
    before = str(RECIPE)
    first_experiment(RECIPE, DOGS, UNKNOWN)
    assert str(RECIPE) == before
