"""Section `layout` of a card: where rows and images lie in the competition's files."""

from typing import Literal

from foldline.cards.templates import Template
from foldline.config.section import Section


class TablePart(Section):
    """One part (train or test): a csv, its id column, and the path of each row's image.

    Lines with one id and several paths are one row with several images.
    """

    table: str
    id: str
    path: Template
    """A template over the table's columns: `train/{id}.jpg`."""


class TableLayout(Section):
    kind: Literal["table"]
    train: TablePart
    test: TablePart
    channels: Literal[1, 3]
    """How many channels the model gets: 3 is RGB, 1 is grey."""


Layout = TableLayout
