"""What every kind of part of a layout says: lines with columns of text, and the images of each line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.locating import AS_WRITTEN, Folder
from foldline.card.source_steps import Step
from foldline.card.sources import shown
from foldline.card.templates import IdTemplate
from foldline.params.section import Section


class Part(Section):
    """Where some of the rows and their images are."""

    id: IdTemplate
    source_key: ClassVar[str]
    """Of the files, or paths, that its columns come from."""
    names_files: ClassVar[bool] = True
    """Whether its paths may name files that are not there."""
    is_listed: ClassVar[bool] = True
    """Whether the competition itself lists the images of each row."""

    @property
    def files_per_image(self) -> int:
        return 1

    @property
    def steps(self) -> Sequence[Step]:
        return getattr(self, self.source_key)

    def lines(self, archives: Archives, fact: str, asked: Collection[str]) -> "PartLines":
        """All that it has to offer. Raises Refusal for a file that is not there or cannot be read.

        fact: where the card has the part. asked: the columns that the card names, for kinds that cannot list all that
        they hold.
        """
        raise NotImplementedError

    def source(self, fact: str) -> str:
        """What has its columns, for messages."""
        return shown(self.steps)


@dataclass(frozen=True)
class PartLines:
    """What a part of a layout holds: one line per image and label."""

    part: Part
    fact: str
    """Where the card has it."""
    columns: pd.DataFrame
    """Text, empty where there is nothing. The index is the line in the source, from 0; or, with a name, what the line
    is of."""
    paths: pd.Series
    """In the form of archive/addresses.py; the same index as `columns`."""
    folder: Folder = AS_WRITTEN
    """Where its files lie, where not as the card writes their paths."""

    @property
    def source(self) -> str:
        return self.part.source(self.fact)
