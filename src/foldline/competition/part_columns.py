"""Which columns a part of a layout has to offer, before any of its lines is read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from foldline.archives import Archives
from foldline.cards.layout import CocoPart, Part, RecordsPart, TablePart, WalkPart
from foldline.competition.coco_layout import coco_columns
from foldline.competition.records_layout import LINE
from foldline.competition.source_tables import read_header, refuse_absent_file
from foldline.records import KINDS, Record, file_of_records
from foldline.refusal import Refusal


@dataclass(frozen=True)
class PartColumns:
    names: tuple[str, ...]
    """In the source's order."""
    source: str
    """The file they stand in, for messages."""


def part_columns(archives: Archives, part: Part) -> PartColumns:
    """Raises Refusal when the part's file is not there or cannot be read."""
    match part:
        case TablePart():
            tables = (part.table,) if isinstance(part.table, str) else part.table
            names = dict.fromkeys(name for table in tables for name in read_header(archives, table))
            return PartColumns(tuple(names), ", ".join(tables))
        case WalkPart():
            return PartColumns(tuple(re.compile(part.pattern).groupindex), f"the pattern {part.pattern!r}")
        case CocoPart():
            return PartColumns(coco_columns(archives, part), part.file)
        case RecordsPart():
            return PartColumns((LINE, *_leaves(_first_record(archives, part))), part.file)


def _first_record(archives: Archives, part: RecordsPart) -> Record:
    refuse_absent_file(archives, part.file, tuple(KINDS))
    try:
        return next((record for _, record in file_of_records(archives.file(part.file), part.file)), {})
    except ValueError as error:
        raise Refusal(f"{archives.folder}: `{part.file}` is not readable ({error}). Download it anew.") from None


def _leaves(record: Record, above: str = "") -> Iterator[str]:
    """The names by which a card can name what a record holds: `patient.age` within `patient`."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"
