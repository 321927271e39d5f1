"""Rows without a table: what a file's path says."""

import re

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.closed_archives import closed_archives
from foldline.archive.tables import refuse_absent_columns
from foldline.card.layout import WalkPart
from foldline.card.sources import first_pattern
from foldline.competition.image_paths import one_per_folder
from foldline.competition.layout_parts import PartLines, Wanted
from foldline.competition.source_steps import ADDRESS, after_steps, numbered
from foldline.competition.step_columns import columns_after, needed_columns
from foldline.files.refusal import Refusal, listed


def walk_lines(archives: Archives, part: WalkPart, fact: str, wanted: Wanted) -> PartLines:
    """A line per file whose whole path fits the pattern. Raises Refusal when none does."""
    pattern = re.compile(first_pattern(part.pattern))
    header, source = tuple(pattern.groupindex), f"The card's {fact}.pattern"
    refuse_absent_columns(wanted, columns_after(archives, header, part.pattern, f"{fact}.pattern"), source)
    found = [match for match in map(pattern.fullmatch, archives.names) if match]
    if not found:
        raise Refusal(
            f"{fact}.pattern: none of {len(archives.names)} files fits {pattern.pattern!r}. The archives hold "
            f"{listed(one_per_folder(archives.names), 5)}. The whole path must fit: correct the pattern in the card."
            f"{closed_archives(archives.names)}"
        )
    lines = pd.DataFrame([match.groupdict("") for match in found], dtype="str")
    lines = numbered(lines.assign(**{ADDRESS: [match.string for match in found]}).astype("str"))
    lines = lines.set_index(pd.Index(lines[ADDRESS], name="file"))
    needed = needed_columns(archives, header, part.pattern, wanted)
    lines = after_steps(archives, lines, part.pattern, needed, f"{fact}.pattern")
    return PartLines(lines, lines[ADDRESS], source)
