"""Columns that a card could name as features and does not."""

import re
from collections.abc import Iterator
from typing import Any

from foldline.archive.archives import Archives
from foldline.card.card import Card
from foldline.card.sources import LINE, ROW
from foldline.competition.side_columns import find_side_columns, part_columns


def unused_columns(archives: Archives, card: Card) -> tuple[str, ...]:
    """Those that both train and test rows have, and that no key of the card names. Raises what `read_layout` raises."""
    parts = {"layout.train": card.layout.train, "layout.test": card.layout.test}
    train, test = (part_columns(archives, part, fact).names for fact, part in parts.items())
    used = {LINE, ROW, *find_side_columns(archives, card.layout, card.target, card.features).names}
    texts = list(_texts(card.model_dump(exclude={"title", "host"})))
    return tuple(
        name
        for name in train
        if name in test
        and name not in used
        and not any(text == name or re.search(rf"{{{re.escape(name)}[][}}.:]", text) for text in texts)
        and not any(part.shows(name) for part in card.layout.train)
    )


def _texts(value: Any) -> Iterator[str]:
    """Every text within a section of a card, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
