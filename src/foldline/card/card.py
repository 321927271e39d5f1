"""A card: the facts of one competition, about 25 lines. An experiment belongs in params.yaml instead."""

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from foldline.card.features import Features
from foldline.card.host import Host
from foldline.card.layout import Layout
from foldline.card.limits import Limits
from foldline.card.rules import UNKNOWN, Rules
from foldline.card.source_steps import OwnTable
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.card.views import Symmetry
from foldline.files.refusal import Refusal, listed
from foldline.metrics.metric import Metric
from foldline.params.section import Section, parse
from foldline.params.yaml_files import read_yaml

NEAREST = 3


class Card(Section):
    slug: str
    title: str
    host: Host
    layout: Layout
    target: Target
    features: Features | None
    """null: a row is its images."""
    metric: Metric
    submission: Submission
    symmetries: tuple[Symmetry, ...] | None
    """The views under which a label stays true: for dogs a horizontal flip, for digits none (a 6 is no 9). null: labels
    say where something lies, so that not even crops and movements keep them true."""
    rules: Rules = UNKNOWN
    """A card need not know them."""
    limits: Limits | None = None
    """Of a competition that takes notebooks; `foldline bundle --prove` holds its forecast against them."""


def own_tables(section: object) -> Iterator[OwnTable]:
    """The functions of one's own that a section's sources name, at any depth."""
    if isinstance(section, OwnTable):
        yield section
    inner = dict(section).values() if isinstance(section, Section) else section
    if isinstance(inner, Iterable) and not isinstance(inner, str):
        for item in inner:
            yield from own_tables(item)


def refuse_absent_card(path: Path) -> None:
    """Raises Refusal, naming the cards there are, when there is none at `path`."""
    if path.exists():
        return
    cards = sorted(card.stem for card in path.parent.glob("*.yaml"))
    close = difflib.get_close_matches(path.stem, cards, NEAREST)
    nearest = f"The nearest: {listed(close)}. All" if close else "Cards"
    raise Refusal(
        f"{path} does not exist: there is no card for the competition `{path.stem}`. {nearest}: {listed(cards, 30)}. "
        "Correct its name (`competition` in params.yaml, or --competition), or write the card "
        "(docs/new-competition.md)."
    )


def read_card(path: Path) -> Card:
    """Raises Refusal with one line per mistake, or naming the cards there are when there is none at `path`."""
    refuse_absent_card(path)
    card = parse(read_yaml(path), Card, str(path))
    if card.slug != path.stem:
        raise Refusal(f"{path}: `slug` is {card.slug!r} but the file is named {path.stem!r}. Make them equal.")
    return card
