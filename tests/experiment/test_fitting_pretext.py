"""What `check` refuses of a pretext, without torch."""

from pathlib import Path
from typing import Any

import pytest

from foldline.card.card import Card, read_card
from foldline.experiment.fitting import refuse_unfit
from foldline.experiment.params import Params
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from tests.training.test_pretext import ROTATION

DIGITS = Path("pipelines/recipes/digits.yaml")


def params(pretext: dict[str, Any], **changes: Any) -> Params:
    return parse(read_yaml(DIGITS) | {"pretext": pretext} | changes, Params, "params.yaml")


def card(slug: str = "digits", **changes: Any) -> Card:
    return read_card(Path(f"pipelines/competitions/{slug}.yaml")).model_copy(update=changes)


@pytest.mark.parametrize(
    ("pretext", "changes", "told"),
    [
        ({}, {"prepare": {"width_pixels": 32}}, "of 24 x 32 pixels, of which a quarter turn makes another shape"),
        ({}, {"split": {"count": 2}, "folds": [0]}, "split.count is 2: .* Set split.count to 3 or more"),
        ({"probes": {"every_epochs": 3, "most_images": 9}}, {}, "every_epochs is 3, longer than pretext.epochs 2"),
        (
            {"schedule": {"kind": "warmup_cosine", "warmup_epochs": 9, "start_factor": 0.1, "end_factor": 0.1}},
            {},
            "pretext.schedule.warmup_epochs is 9, longer than the training: pretext.epochs is 2",
        ),
        ({}, {"train": {"model": {"kind": "python", "file": "input/own/net.py", "name": "net"}}}, "no backbone apart"),
        ({"images": "test"}, {}, r"`pretext.*images` is 'test'"),
    ],
)
def test_what_contradicts_itself(pretext: dict[str, Any], changes: dict[str, Any], told: str) -> None:
    whole = read_yaml(DIGITS)
    merged = {key: value if key == "folds" else whole[key] | value for key, value in changes.items()}
    with pytest.raises(Refusal, match=told) as refusal:
        params(ROTATION | pretext, **merged)
    assert len(str(refusal.value).splitlines()) == 1


def test_test_images_are_learned_from_only_where_the_card_says_that_they_may_be() -> None:
    learned = params(ROTATION | {"images": "train_and_test"})
    for rule in ("unknown", "forbidden"):
        known = card().rules.model_copy(update={"test_images_in_training": rule})
        with pytest.raises(Refusal, match=rf"of the card digits is {rule}\. Look at the competition's rules"):
            refuse_unfit(learned, card(rules=known))
    assert card().rules.test_images_in_training == "unknown"
    refuse_unfit(learned, card(rules=known.model_copy(update={"test_images_in_training": "allowed"})))
    refuse_unfit(params(ROTATION | {"images": "train"}), card())


def test_a_target_without_one_class_has_nothing_to_probe() -> None:
    with pytest.raises(Refusal, match=r"`pretext.kind` is rotation, whose probes tell.* Set it to `none`"):
        refuse_unfit(params(ROTATION), card("petfinder-pawpularity-score"))
