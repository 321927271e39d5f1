from pathlib import Path

import pytest

from foldline.card.card import read_card
from foldline.experiment.fitting import refuse_unfit
from foldline.experiment.params import read_params
from foldline.files.refusal import Refusal

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
