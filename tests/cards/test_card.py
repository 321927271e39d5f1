"""The cards that come with Foldline, and the mistakes a card can hold."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.cards.card import read_card
from foldline.refusal import Refusal

CARDS = sorted((Path(__file__).parents[2] / "pipelines" / "competitions").glob("*.yaml"))
DOG_BREED = next(path for path in CARDS if path.stem == "dog-breed-identification")


def changed(tmp_path: Path, section: str | None, **changes: object) -> Path:
    """The dog-breed card with some keys of a section (or of the card itself) set, those set to None removed."""
    card: dict[str, Any] = yaml.safe_load(DOG_BREED.read_text())
    place = card if section is None else card[section]
    place.update(changes)
    for key in [key for key, value in changes.items() if value is None]:
        del place[key]
    path = tmp_path / DOG_BREED.name
    path.write_text(yaml.safe_dump(card))
    return path


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_the_cards_that_come_along_are_valid(path: Path) -> None:
    assert read_card(path).slug == path.stem


def test_a_card_says_what_a_competition_is() -> None:
    card = read_card(DOG_BREED)
    assert (card.target.kind, card.metric.kind, card.host.kind) == ("multiclass", "log_loss", "kaggle")
    assert card.symmetries == ("horizontal_flip",)


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        (None, {"slug": "dogs"}, "`slug` is 'dogs' but the file is named 'dog-breed-identification'"),
        (None, {"metrics": {}}, "`metrics` is not a known key. Did you mean `metric`?"),
        (None, {"title": None}, "`title` is missing"),
        (None, {"symmetries": ["flip"]}, "`symmetries.0` is 'flip': input should be 'horizontal_flip'"),
        ("host", {"kind": "keggle"}, "`host.kind` is 'keggle'. Valid: 'kaggle', 'local'"),
        ("host", {"kind": "local"}, "`host.source` is missing"),
        ("metric", {"kind": "logloss"}, "`metric.kind` is 'logloss'"),
        ("target", {"columns": "breed"}, "`target.columns` is not a known key. Did you mean `column`?"),
        ("layout", {"channels": 0}, "`layout.channels` is 0"),
        ("layout", {"train": "labels.csv"}, "`layout.train` is 'labels.csv': it must hold keys and values"),
        ("submission", {"sample": None}, "`submission.sample` is missing"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, section: str | None, changes: dict[str, object], message: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_card(changed(tmp_path, section, **changes))
    assert message in str(refused.value)


def test_no_such_card() -> None:
    with pytest.raises(Refusal, match=r"no card for the competition `dog-bread`. Cards: .*dog-breed-identification"):
        read_card(DOG_BREED.with_stem("dog-bread"))
