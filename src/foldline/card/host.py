"""Section `host` of a card: who holds the competition."""

from typing import Annotated, Literal

from foldline.params.section import Kinds, Section


class KaggleHost(Section):
    """kaggle.com, by the card's slug."""

    kind: Literal["kaggle"]


class LocalHost(Section):
    """The embedded local Kaggle; stages start it for as long as they need it."""

    kind: Literal["local"]
    source: str
    """A built-in competition (`digits`), or a folder: the files in `files/`, the answers in `solution.csv`."""


Host = Annotated[KaggleHost | LocalHost, Kinds()]
