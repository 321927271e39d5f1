"""A card: the facts of one competition, about 25 lines. An experiment belongs in params.yaml instead."""

from pathlib import Path

from foldline.cards.features import Features
from foldline.cards.host import Host
from foldline.cards.layout import Layout
from foldline.cards.metric import Metric
from foldline.cards.submission import Submission
from foldline.cards.target import Target
from foldline.config.section import Section, parse, read_yaml
from foldline.config.views import Symmetry
from foldline.refusal import Refusal, listed


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


def read_card(path: Path) -> Card:
    """Raises Refusal with one line per mistake, or naming the cards there are when there is none at `path`."""
    if not path.exists():
        cards = sorted(card.stem for card in path.parent.glob("*.yaml"))
        raise Refusal(
            f"{path} does not exist: there is no card for the competition `{path.stem}`. Cards: {listed(cards, 30)}. "
            "Correct `competition` in params.yaml, or write the card (docs/new-competition.md)."
        )
    card = parse(read_yaml(path), Card, str(path))
    if card.slug != path.stem:
        raise Refusal(f"{path}: `slug` is {card.slug!r} but the file is named {path.stem!r}. Make them equal.")
    return card
