"""Rows of a file of records that hold their images themselves."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import pandas as pd
from tqdm import tqdm

from foldline.archive.archives import Archives
from foldline.archive.path_spelling import fitting
from foldline.archive.record_files import KINDS, Record, RecordFile, file_of_records
from foldline.archive.tables import as_text, refuse_absent_file
from foldline.card.layouts.part import Part, PartLines
from foldline.card.layouts.pictures import PictureKind, field_value, leaves
from foldline.card.source_steps import ADDRESS, Step
from foldline.card.sources import Source, Wanted, after_steps, named, needed_columns, numbered
from foldline.files.refusal import Refusal
from foldline.params.kinds import union_of

Picture = Annotated[PictureKind, union_of("foldline.card.layouts.pictures", PictureKind)]


class RecordsPart(Part):
    """A file of records that hold the images themselves: json (an array, or a record per line), BSON, csv, parquet,
    TFRecord.

    `{kind: records, file: train.bson, id: _id, picture: {kind: encoded, field: imgs.picture}}`

    id: `line` and `row` are the number of the record, from 1 and from 0, for files without ids.
    """

    kind: Literal["records"]
    file: Source
    """With `*` every file that fits, one after the other: `train-*.tfrec`. In a list what follows, as of a table:
    `[train_image_data_*.parquet, train.csv]`. A function of one's own sees what the records hold but for images."""
    picture: Picture
    names_files: ClassVar[bool] = False

    @property
    def steps(self) -> Sequence[Step]:
        return self.file

    def header(self, archives: Archives) -> tuple[str, ...]:
        return tuple(leaves(self._first(archives)))

    def shows(self, column: str) -> bool:
        return self.picture.shows(column)

    def lines(self, archives: Archives, wanted: Wanted, fact: str) -> PartLines:
        """A line per image. Raises Refusal for a file that is none of records, or a record without a wanted field."""
        first = self._first(archives)
        header = tuple(leaves(first))
        # A record may also hold what is not one of its leaves, such as an item of a list.
        others = [pair for pair in wanted if pair[1] not in first and field_value(first, pair[1]) is None]
        needed = needed_columns(archives, header, self.file, others)
        self.picture.refuse_absent(first, f"{fact}.picture", f"{archives.folder}: {named(self.file)}")
        asked = dict.fromkeys(column for _, column in wanted)
        if needed is None:
            asked |= dict.fromkeys(name for name in header if not self.shows(name))
        else:
            needed |= set(asked)
            asked |= dict.fromkeys(needed)
        there = [name for name in asked if name in first or field_value(first, name) is not None]
        lines = numbered(self._read(archives, there))
        lines = after_steps(archives, lines, self.file, wanted, needed, f"{fact}.file")
        return PartLines(lines, lines[ADDRESS], self.source(fact))

    def _read(self, archives: Archives, columns: Sequence[str]) -> pd.DataFrame:
        """A line per image: `columns` and the address; the index is the number of the record, from 0."""
        values: dict[str, list[str]] = {column: [] for column in columns}
        paths: list[str] = []
        numbers: list[int] = []
        number = 0
        for name in self._files(archives):
            try:
                fields = {*columns, *self.picture.needed}
                for place, record in tqdm(_opened(archives, name).read(fields), desc=name, unit="record"):
                    addresses = list(self.picture.addresses(name, place, record))
                    for column in columns:
                        values[column] += [as_text(field_value(record, column))] * len(addresses)
                    numbers += [number] * len(addresses)
                    paths += addresses
                    number += 1
            except ValueError as error:
                raise _unreadable(archives, name, error) from None
        if not paths:
            raise _without_records(archives, self.file[0].name)
        return pd.DataFrame({**values, ADDRESS: paths}, index=numbers, dtype="str")

    def _files(self, archives: Archives) -> list[str]:
        """The files that `file` names, in order. Raises Refusal when there is none."""
        name = self.file[0].name
        found = fitting(name, sorted(archives.names)) if "*" in name else [name]
        refuse_absent_file(archives, found[0] if found else name, tuple(KINDS))
        return found

    def _first(self, archives: Archives) -> Record:
        name = self._files(archives)[0]
        try:
            first = next((record for _, record in _opened(archives, name).read(None)), None)
        except ValueError as error:
            raise _unreadable(archives, name, error) from None
        if first is None:
            raise _without_records(archives, name)
        return first


def _opened(archives: Archives, name: str) -> RecordFile:
    return file_of_records(archives.file(name), name)


def _unreadable(archives: Archives, name: str, error: ValueError) -> Refusal:
    return Refusal(f"{archives.folder}: `{name}` is not readable ({error}). Download it anew.")


def _without_records(archives: Archives, name: str) -> Refusal:
    return Refusal(
        f"{archives.folder}: `{name}` holds no record with a picture. Name another file in the card, or download it "
        "anew."
    )
