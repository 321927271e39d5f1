"""Which columns a part of a layout has to offer, before any of its lines is read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from foldline.archive.archives import Archives
from foldline.card.layout import CocoPart, Part, RecordsPart, TablePart, WalkPart
from foldline.card.sources import first_file, first_pattern
from foldline.competition.coco_layout import coco_columns
from foldline.competition.records_layout import record_columns
from foldline.competition.step_columns import columns_after, file_columns, files_of


@dataclass(frozen=True)
class PartColumns:
    names: tuple[str, ...]
    """In the source's order."""
    source: str
    """The file they stand in, for messages."""


def part_columns(archives: Archives, parts: Sequence[Part], fact: str) -> PartColumns:
    """Those that all of `parts` have. Raises Refusal when a part's file is not there or cannot be read."""
    found = [_columns(archives, part, place) for place, part in named_parts(parts, fact)]
    shared = [name for name in found[0].names if all(name in other.names for other in found)]
    return PartColumns(tuple(shared), ", ".join(dict.fromkeys(columns.source for columns in found)))


def named_parts(parts: Sequence[Part], fact: str) -> list[tuple[str, Part]]:
    """Each with its place in the card."""
    return [(fact, parts[0])] if len(parts) == 1 else [(f"{fact}[{number}]", part) for number, part in enumerate(parts)]


def _columns(archives: Archives, part: Part, fact: str) -> PartColumns:
    match part:
        case TablePart():
            header = file_columns(archives, first_file(part.table))
            return PartColumns(
                columns_after(archives, header, part.table, f"{fact}.table"), ", ".join(files_of(part.table))
            )
        case WalkPart():
            pattern = first_pattern(part.pattern)
            groups = tuple(re.compile(pattern).groupindex)
            return PartColumns(
                columns_after(archives, groups, part.pattern, f"{fact}.pattern"), f"the pattern {pattern!r}"
            )
        case CocoPart():
            return PartColumns(coco_columns(archives, part, f"{fact}.file"), ", ".join(files_of(part.file)))
        case RecordsPart():
            return PartColumns(record_columns(archives, part, f"{fact}.file"), ", ".join(files_of(part.file)))
