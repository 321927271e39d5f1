"""Rows of a table, images by a template over its columns."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, Literal

import pandas as pd

from foldline.archive.addresses import BETWEEN_CHANNELS
from foldline.archive.archives import Archives
from foldline.archive.file_names import expanded_paths, normalised_paths
from foldline.archive.locating import located
from foldline.archive.tables import refuse_absent_columns
from foldline.card.layouts.part import Part, PartLines
from foldline.card.sources import Source, read_source
from foldline.card.templates import Templates, columns_of, filled, parse_id, parse_template
from foldline.files.refusal import Refusal, listed


class TablePart(Part):
    """A table with a line per image, and a template of the image's path.

    `{kind: table, table: train.csv, id: image_id, path: "train_images/{label}/{image_id}"}`

    id: a column, or a template over columns: `{patient_id}_{laterality}`. Lines of one id are one row with several
    images, unless the target is multilabel: then they may be one image with several labels, too.
    """

    kind: Literal["table"]
    table: Source
    """A csv, tsv, json, parquet or npy file, and in a list what follows (sources.py). Whatever the file, the columns
    `line` and `row` number its lines, from 1 and from 0."""
    path: Templates
    """`train/{id}.jpg`. With `*` it stands for every file that fits, all of them images of the row: `{id}/*.dcm`. A
    list names the files that are the channels of one image: `["{Id}_red.png", "{Id}_green.png", "{Id}_blue.png"]`.
    `X_train.npy[{row}]`, `train.npz/images.npy[{row}]` and `train.h5/images[{row}]` are rows of an array, and
    `train.h5/{id}` is a data set of an HDF5 file."""

    source_key: ClassVar = "table"

    @property
    def files_per_image(self) -> int:
        return len(self.path)

    def lines(self, archives: Archives, fact: str, asked: Collection[str]) -> PartLines:
        """A line per line of the table and file of its image."""
        table = read_source(archives, self.table)
        templates = [parse_template(path) for path in self.path]
        for key, of_key in (("path", templates), ("id", [parse_id(self.id)])):
            named = [(f"{fact}.{key}", column) for pieces in of_key for column in columns_of(pieces)]
            refuse_absent_columns(named, list(map(str, table)), self.source(fact))
        lines = table.reset_index(drop=True)  # a join may repeat a line
        written = (normalised_paths(filled(pieces, lines), archives) for pieces in templates)
        patterns, folders = zip(*(located(paths, archives, f"{fact}.path") for paths in written), strict=True)
        # An id may hold a `*` of its own.
        channels = [
            expanded_paths(paths, archives.names) if "*" in path else paths
            for paths, path in zip(patterns, self.path, strict=True)
        ]
        ids = filled(parse_id(self.id), lines)
        for of_channel, files in zip(patterns, channels, strict=True):
            refuse_shared(of_channel, files, ids, f"{fact}.path")
        _refuse_unequal_channels(channels, f"{fact}.path")
        first, *others = channels
        paths = first.str.cat([channel.to_numpy() for channel in others], sep=BETWEEN_CHANNELS)
        index = table.index[paths.index]
        return PartLines(self, fact, lines.loc[paths.index].set_axis(index), paths.set_axis(index), folders[0])


def refuse_shared(patterns: pd.Series, files: pd.Series, ids: pd.Series, fact: str) -> None:
    """Raises Refusal where one file fits different patterns with `*` of two ids: `1*.jpg` takes 10.jpg.

    patterns: the path of each line; ids: its row, with the same index. files: as `expanded_paths` makes them of
    `patterns`. Rows of one and the same pattern share their files on purpose.
    """
    is_glob = patterns.str.contains("*", regex=False)
    found = files[is_glob[files.index].to_numpy()]
    claims = pd.DataFrame({"file": found, "pattern": patterns[found.index], "id": ids[found.index]}).drop_duplicates()
    claims = claims[claims["file"].duplicated(keep=False)]
    claimed = claims.groupby("file")[["pattern", "id"]].transform("nunique")
    claims = claims[(claimed["pattern"] > 1) & (claimed["id"] > 1)]
    if claims.empty:
        return
    of_first = claims[claims["file"] == claims["file"].iloc[0]]
    (file, pattern, row_id), *others = of_first.itertuples(index=False)
    other = next(other for other in others if other.id != row_id)
    raise Refusal(
        f"The card's {fact}: {claims['file'].nunique():,} files fit the paths of several rows. `{file}` fits "
        f"`{pattern}` of the id `{row_id}`, and `{other.pattern}` of the id `{other.id}`: `*` takes whatever follows. "
        "Write what ends an id in the file's name: `{id}_*`, `{id}-*.jpg`, or `{id}.*` for any suffix."
    )


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
