from pathlib import Path

import pytest

from foldline.cards.card import read_card
from foldline.cards.fitting import refuse_unfit
from foldline.config.params import read_params
from foldline.refusal import Refusal

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("slug", ["petfinder-pawpularity-score", "imet-2020-fgvc7"])
def test_a_loss_that_does_not_fit_the_target_is_refused(slug: str) -> None:
    params = read_params(ROOT / "params.yaml")
    card = read_card(ROOT / "pipelines" / "competitions" / f"{slug}.yaml")

    with pytest.raises(Refusal) as refusal:
        refuse_unfit(params, card)

    assert f"`train.loss.kind` is cross_entropy, which does not fit a target of kind {card.target.kind}" in str(
        refusal.value
    )
