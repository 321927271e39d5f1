"""A store of JPEGs holds bytes of one or three channels."""

from pathlib import Path

import pytest

from foldline.card.card import read_card
from foldline.experiment.fitting import refuse_unfit
from foldline.experiment.params import Params
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("change", [{"channels": 2}, {"range": (0.0, 1.0)}])
def test_jpegs_of_what_they_cannot_hold_are_refused(change: dict[str, object]) -> None:
    content = read_yaml(ROOT / "pipelines/recipes/digits.yaml")
    content["prepare"]["store"] = {"kind": "jpeg", "quality": 90}
    params, card = parse(content, Params, "params.yaml"), read_card(ROOT / "pipelines/competitions/digits.yaml")
    refuse_unfit(params, card)
    layout = card.layout.model_copy(update=change)
    with pytest.raises(
        Refusal, match=r"`prepare.store.kind` is 'jpeg', .* digits has \d channels of .*Valid: 'pixels'"
    ):
        refuse_unfit(params, card.model_copy(update={"layout": layout}))
