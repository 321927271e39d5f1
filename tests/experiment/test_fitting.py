from pathlib import Path

import pytest

from foldline.card.card import read_card
from foldline.experiment.fitting import refuse_unfit
from foldline.experiment.params import Params, read_params
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("slug", ["petfinder-pawpularity-score", "imet-2020-fgvc7"])
def test_a_loss_that_does_not_fit_the_target_is_refused(slug: str) -> None:
    params = read_params(ROOT / "pipelines/recipes/digits.yaml")
    card = read_card(ROOT / "pipelines" / "competitions" / f"{slug}.yaml")

    with pytest.raises(Refusal) as refusal:
        refuse_unfit(params, card)

    assert f"`train.loss.kind` is cross_entropy, which does not fit a target of kind {card.target.kind}" in str(
        refusal.value
    )


def test_where_labels_are_places_nothing_may_move() -> None:
    params, card = (
        read_params(ROOT / "pipelines/recipes/digits.yaml"),
        read_card(ROOT / "pipelines/competitions/facial-keypoints-detection.yaml"),
    )
    predict = params.predict.model_copy(update={"views": ("scale_125", "crop_center", "horizontal_flip")})
    with pytest.raises(Refusal) as refusal:
        refuse_unfit(params.model_copy(update={"predict": predict}), card)
    message = str(refusal.value)
    assert "`predict.views` has crop_center, horizontal_flip" in message
    assert "allows: identity (`symmetries`), and any scale." in message
    assert (
        "`train.augmentation.recipe` is light, which draws movements; in facial-keypoints-detection that changes"
        in message
    )


def test_views_of_a_soup_that_nobody_makes_are_refused() -> None:
    params = read_params(ROOT / "pipelines/recipes/digits.yaml")
    predict = params.predict.model_copy(update={"views": ("identity", "soup", "soup+scale_125")})
    with pytest.raises(Refusal, match=r"`predict.views` has soup, soup\+scale_125, but `train.soup.kind` is none"):
        refuse_unfit(
            params.model_copy(update={"predict": predict}), read_card(ROOT / "pipelines/competitions/digits.yaml")
        )


def test_what_a_phase_draws_is_looked_at_too() -> None:
    """Once, though two phases draw the same."""
    experiment = read_yaml(ROOT / "pipelines/recipes/digits.yaml")
    phases = [{"name": name, "epochs": 3, "save_model": False} for name in ("one", "other")]
    moved = [phase | {"augmentation": {"recipe": "light", "transforms": []}} for phase in phases]
    experiment["train"] |= {"augmentation": {"recipe": "none", "transforms": []}, "phases": phases}
    card = read_card(ROOT / "pipelines/competitions/facial-keypoints-detection.yaml")
    with pytest.raises(Refusal, match=r"`train\.loss\.kind`") as refusal:
        refuse_unfit(parse(experiment, Params, "params.yaml"), card)
    assert "recipe" not in str(refusal.value)
    experiment["train"] |= {"phases": moved}
    with pytest.raises(Refusal) as refusal:
        refuse_unfit(parse(experiment, Params, "params.yaml"), card)
    assert str(refusal.value).count("`train.augmentation.recipe` is light, which draws movements") == 1
