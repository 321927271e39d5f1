"""Rows without a table: what a file's path says."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import ClassVar, Literal

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.budgets import refusing_backtracking
from foldline.archive.containers import unopened_archives
from foldline.archive.file_names import one_per_folder
from foldline.archive.locating import fitting
from foldline.archive.zip_names import respelled
from foldline.card.layouts.part import Part, PartLines
from foldline.card.source_steps import ADDRESS, EncodingName
from foldline.card.sources import Walked, after_steps, numbered
from foldline.files.refusal import Refusal, listed


class WalkPart(Part):
    r"""All files whose whole path fits a regular expression; its named groups are the columns.

    `{kind: walk, pattern: "(?P<label>Cover|UERD)/(?P<stem>\\d+)[.]jpg", id: "{label}/{stem}"}`
    """

    kind: Literal["walk"]
    pattern: Walked
    """In a list what follows: `[pattern, names.csv]`, `[pattern, {kind: python, file: NAME.py, name: lines}]`."""
    encoding: EncodingName | None = None
    """Of the names in a zip that does not mark them as UTF-8, where several would fit: gbk. Few cards need it."""
    source_key: ClassVar = "pattern"
    names_files: ClassVar[bool] = False
    is_listed: ClassVar[bool] = False

    def source(self, fact: str) -> str:
        return f"The card's {fact}.pattern"

    def lines(self, archives: Archives, fact: str, asked: Collection[str]) -> PartLines:
        """A line per file whose whole path fits the pattern. Raises Refusal when none does."""
        pattern = re.compile(self.pattern[0].name)
        with refusing_backtracking(pattern.pattern, len(archives.names)):
            found, folder = fitting(pattern, archives, f"{fact}.pattern")
        if not found:
            raise Refusal(
                f"{fact}.pattern: none of {len(archives.names)} files fits {pattern.pattern!r}. The archives hold "
                f"{listed(one_per_folder(archives.names), 5)}. The whole path must fit: correct the pattern in the "
                f"card.{unopened_archives(archives.names)}"
            )
        self._refuse_undecided([name for _, name in found], archives, fact)
        groups = [self._respelled(match.groupdict(""), archives.unmarked.get(name)) for match, name in found]
        lines = pd.DataFrame(groups, dtype="str")
        lines = numbered(lines.assign(**{ADDRESS: [name for _, name in found]}).astype("str"))
        lines = lines.set_index(pd.Index(lines[ADDRESS], name="file"))
        lines = after_steps(archives, lines, self.pattern)
        return PartLines(self, fact, lines.drop(columns=ADDRESS), lines[ADDRESS], folder)

    def _respelled(self, groups: dict[str, str], codec: str | None) -> dict[str, str]:
        """codec: what they were read as, where that is not certain."""
        if codec is None or self.encoding is None:
            return groups
        return {group: respelled(text, codec, self.encoding) for group, text in groups.items()}

    def _refuse_undecided(self, names: Sequence[str], archives: Archives, fact: str) -> None:
        undecided = archives.undecided
        if undecided is not None and self.encoding is None and any(name in archives.unmarked for name in names):
            raise Refusal(
                f"{fact}.pattern: names in a zip are not marked as UTF-8, and their text {undecided.found}. Write what "
                f"they are in into the card's {fact}: `encoding: {undecided.example}`."
            )
