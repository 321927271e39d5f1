"""Rows of a table, images by a template over its columns."""

import pandas as pd

from foldline.archives import Archives
from foldline.cards.layout import TablePart
from foldline.cards.templates import columns_of, parse_template
from foldline.competition.image_paths import filled, with_wildcards
from foldline.competition.layout_parts import PartLines, Wanted
from foldline.competition.source_tables import read_joined
from foldline.tables.addresses import BETWEEN_CHANNELS


def table_lines(archives: Archives, part: TablePart, fact: str, wanted: Wanted) -> PartLines:
    """A line per line of the table and file of its image. Raises Refusal for a table or a column that is not there."""
    tables = (part.table,) if isinstance(part.table, str) else part.table
    templates = [parse_template(path) for path in ((part.path,) if isinstance(part.path, str) else part.path)]
    in_path = [(f"{fact}.path", column) for pieces in templates for column in columns_of(pieces)]
    table = read_joined(archives, tables, [*wanted, *in_path])
    if len(templates) == 1:
        paths = with_wildcards(filled(templates[0], table), archives.names)
        return PartLines(table.loc[paths.index], paths, tables[0])
    channels = pd.concat([filled(pieces, table) for pieces in templates], axis=1)
    return PartLines(table, channels.agg(BETWEEN_CHANNELS.join, axis=1), tables[0])
