"""What every kind of part of a layout says: lines with columns of text, and the images of each line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from foldline.archive.archives import Archives
from foldline.card.source_steps import ADDRESS, Step
from foldline.card.sources import Wanted, files_of, offered_columns
from foldline.card.templates import IdTemplate
from foldline.params.section import Section


@dataclass(frozen=True)
class PartLines:
    """One line per image and label."""

    columns: pd.DataFrame
    """At least the wanted columns: text, empty where there is nothing. The index is the line in the source, from 0; or,
    with a name, what the line is of."""
    paths: pd.Series
    """In the form of archive/addresses.py; the same index as `columns`."""
    source: str
    """What they come from, for messages."""


class Part(Section):
    """Where some of the rows and their images are."""

    id: IdTemplate
    names_files: ClassVar[bool] = True
    """Whether its paths may name files that are not there."""
    is_listed: ClassVar[bool] = True
    """Whether the competition itself lists the images of each row."""

    @property
    def files_per_image(self) -> int:
        return 1

    @property
    def steps(self) -> Sequence[Step]:
        raise NotImplementedError

    def header(self, archives: Archives) -> tuple[str, ...]:
        """The columns of the first of its steps. Raises Refusal when its file is not there or cannot be read."""
        raise NotImplementedError

    def lines(self, archives: Archives, wanted: Wanted, fact: str) -> PartLines:
        """fact: where the card has the part. Raises Refusal for a file or a column that is not there."""
        raise NotImplementedError

    def columns(self, archives: Archives, fact: str) -> tuple[str, ...]:
        """All that it has to offer. Raises Refusal when its file is not there or cannot be read."""
        if not any(step.takes_all for step in self.steps):
            return offered_columns(archives, self.header(archives), self.steps[1:])
        return tuple(str(name) for name in self.lines(archives, (), fact).columns if name != ADDRESS)

    def source(self, fact: str) -> str:
        """What has its columns, for messages."""
        return files_of(self.steps)

    def shows(self, column: str) -> bool:
        """Whether the column holds the images themselves."""
        return False
