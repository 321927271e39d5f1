"""Rows of a table, images by a template over its columns."""

import pandas as pd

from foldline.archive.addresses import BETWEEN_CHANNELS
from foldline.archive.archives import Archives
from foldline.archive.path_spelling import as_named
from foldline.card.layout import TablePart
from foldline.card.templates import columns_of, parse_id, parse_template
from foldline.competition.image_paths import filled, with_wildcards
from foldline.competition.layout_parts import PartLines, Wanted
from foldline.competition.shared_globs import refuse_shared
from foldline.competition.source_steps import read_source
from foldline.competition.step_columns import files_of
from foldline.files.refusal import Refusal, listed


def table_lines(archives: Archives, part: TablePart, fact: str, wanted: Wanted) -> PartLines:
    """A line per line of the table and file of its image. Raises Refusal for a table or a column that is not there."""
    templates = [parse_template(path) for path in part.path]
    in_path = [(f"{fact}.path", column) for pieces in templates for column in columns_of(pieces)]
    table = read_source(archives, part.table, [*wanted, *in_path], f"{fact}.table")
    lines = table.reset_index(drop=True)  # a join may repeat a line
    asked = [as_named(filled(pieces, lines), archives) for pieces in templates]
    channels = [with_wildcards(paths, archives.names) for paths in asked]
    ids = filled(parse_id(part.id), lines)
    for patterns, files in zip(asked, channels, strict=True):
        refuse_shared(patterns, files, ids, f"{fact}.path")
    _refuse_unequal_channels(channels, f"{fact}.path")
    first, *others = channels
    paths = first.str.cat([channel.to_numpy() for channel in others], sep=BETWEEN_CHANNELS)
    places = table.index[paths.index]
    return PartLines(lines.loc[paths.index].set_axis(places), paths.set_axis(places), ", ".join(files_of(part.table)))


def _refuse_unequal_channels(channels: list[pd.Series], fact: str) -> None:
    first, *others = channels
    for other in others:
        if not other.index.equals(first.index):
            counts = first.index.value_counts().sub(other.index.value_counts(), fill_value=0)
            line = counts[counts != 0].index[0]
            raise Refusal(
                f"The card's {fact}: the channels of a line have unequal numbers of files: {listed(first[[line]], 3)} "
                f"and {listed(other[[line]], 3)}. Each `*` must find as many files for one channel as for another."
            )
