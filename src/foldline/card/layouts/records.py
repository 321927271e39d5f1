"""Rows of a file of records that hold their images themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, ClassVar, Literal, cast

import pandas as pd
from pydantic import model_validator

from foldline.archive.archives import Archives
from foldline.archive.file_names import by_number, matching
from foldline.archive.locating import located_file
from foldline.archive.record_files import KINDS, Record, RecordFile, file_of_records
from foldline.archive.tables import existing_file
from foldline.archive.texts import as_text
from foldline.card.layouts.part import Part, PartLines
from foldline.card.layouts.record_images import RecordImage, field_value, fields_of
from foldline.card.source_steps import ADDRESS, TableFile
from foldline.card.sources import Source, after_steps, numbered
from foldline.files.progress import progress
from foldline.files.refusal import Refusal, how
from foldline.params.kinds import union_of

Image = Annotated[RecordImage, union_of("foldline.card.layouts.record_images", RecordImage)]


class RecordsPart(Part):
    """A file of records that hold the images themselves: json (an array, or a record per line), BSON, csv, parquet,
    TFRecord.

    `{kind: records, file: train.bson, id: _id, image: {kind: encoded, field: imgs.image}}`

    id: `line` and `row` are the number of the record, from 1 and from 0, for files without ids.
    """

    kind: Literal["records"]
    file: Source
    """With `*` every file that fits, one after the other, by the numbers in their names: `train-*.tfrec`. In a list
    what follows, as of a table: `[train_image_data_*.parquet, train.csv]`. A function of one's own sees what the
    records hold but for images."""
    image: Image

    @model_validator(mode="after")
    def _reads_no_quotes(self) -> "RecordsPart":
        if self.first_file.quotes is not None:
            raise ValueError("`quotes` is for a table, a part of kind `table`; records are read with quotes around")
        return self

    source_key: ClassVar = "file"
    names_files: ClassVar[bool] = False

    @property
    def first_file(self) -> TableFile:
        return cast(TableFile, self.file[0])

    def lines(self, archives: Archives, fact: str, asked: Collection[str]) -> PartLines:
        """A line per image. Raises Refusal for a file that is none of records, or whose records have no such image."""
        first = self._first(archives)
        self.image.refuse_absent(first, f"{fact}.image", self.source(fact))
        # A record may also hold what is not one of its leaves, such as an item of a list.
        inner = [name for name in asked if field_value(first, name) is not None]
        texts = [name for name in fields_of(first) if not self.image.shows(name)]
        lines = numbered(self._read(archives, list(dict.fromkeys([*texts, *inner]))))
        lines = after_steps(archives, lines, self.file)
        return PartLines(self, fact, lines.drop(columns=ADDRESS), lines[ADDRESS])

    def _read(self, archives: Archives, columns: Sequence[str]) -> pd.DataFrame:
        """A line per image: `columns` and the address; the index is the number of the record, from 0."""
        values: dict[str, list[str]] = {column: [] for column in columns}
        paths: list[str] = []
        numbers: list[int] = []
        number = 0
        for name in self._files(archives):
            try:
                fields = {*columns, *self.image.needed}
                for place, record in progress(self._opened(archives, name).read(fields), desc=name, unit="record"):
                    addresses = list(self.image.addresses(name, place, record))
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

    def _opened(self, archives: Archives, name: str) -> RecordFile:
        return file_of_records(archives.file(name), name, self.first_file.encoding)

    def _files(self, archives: Archives) -> list[str]:
        """The files that `file` names, in order. Raises Refusal when there is none."""
        name = located_file(archives, self.file[0].name)
        fitting = [file for _, file in matching([name], sorted(archives.names))] if "*" in name else [name]
        found = sorted(fitting, key=by_number)
        existing_file(archives, found[0] if found else name, tuple(KINDS))
        return found

    def _first(self, archives: Archives) -> Record:
        name = self._files(archives)[0]
        try:
            first = next((record for _, record in self._opened(archives, name).read(None)), None)
        except ValueError as error:
            raise _unreadable(archives, name, error) from None
        if first is None:
            raise _without_records(archives, name)
        return first


def _unreadable(archives: Archives, name: str, error: ValueError) -> Refusal:
    cure = "Correct the card's `image` where it asks for what a record lacks, or download the file anew."
    return Refusal(f"{archives.folder}: `{name}` is not readable{how(error, cure)}")


def _without_records(archives: Archives, name: str) -> Refusal:
    return Refusal(
        f"{archives.folder}: `{name}` holds no record with an image. Name another file in the card, or download it "
        "anew."
    )
