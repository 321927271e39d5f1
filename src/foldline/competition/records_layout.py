"""Rows of a file of records that hold their pictures themselves."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from tqdm import tqdm

from foldline.archives import Archives
from foldline.cards.layout import EncodedPicture, ListedPixels, Picture, RecordsPart
from foldline.competition.layout_parts import PartLines, Wanted, refuse_absent_columns
from foldline.competition.source_tables import as_text, refuse_absent_file
from foldline.records import KINDS, Place, Record, file_of_records
from foldline.refusal import Refusal, listed
from foldline.tables.addresses import InRecord, address_in_record, value_at

LINE = "line"
"""The column that every file has: the number of the record, from 1."""


def record_lines(archives: Archives, part: RecordsPart, fact: str, wanted: Wanted) -> PartLines:
    """A line per picture. Raises Refusal for a file that is none of records, or a record without a wanted field."""
    refuse_absent_file(archives, part.file, tuple(KINDS))
    source = f"{archives.folder}: `{part.file}`"
    columns = [column for _, column in wanted if column != LINE]
    values: dict[str, list[str]] = {column: [] for column in (LINE, *columns)}
    paths: list[str] = []
    records = tqdm(file_of_records(archives.file(part.file), part.file), desc=part.file, unit="record")
    try:
        for number, (place, record) in enumerate(records, 1):
            if number == 1:
                _refuse_absent(record, part.picture, wanted, fact, source)
            addresses = list(_addresses(part, place, record, number, source))
            paths += addresses
            line = [str(number), *(as_text(_value(record, column)) for column in columns)]
            for column, value in zip(values, line, strict=True):
                values[column] += [value] * len(addresses)
    except ValueError as error:
        raise Refusal(f"{source} is not readable ({error}). Download it anew.") from None
    if not paths:
        raise Refusal(f"{source} holds no record with a picture. Name another file in the card, or download it anew.")
    return PartLines(pd.DataFrame(values, dtype="str"), pd.Series(paths, dtype="str"), part.file)


def _addresses(part: RecordsPart, place: Place, record: Record, number: int, source: str) -> Iterator[str]:
    picture = part.picture
    if isinstance(picture, EncodedPicture):
        for field in _expanded(record, picture.field.split(".")):
            yield address_in_record(part.file, InRecord(place, (field,), "", 0, 0))
    elif isinstance(picture, ListedPixels):
        absent = [field for field in picture.fields if _value(record, field) is None]
        if absent:
            raise Refusal(f"{source}: record {number} has no `{absent[0]}`, found {listed(record)}. Correct the card.")
        yield address_in_record(part.file, InRecord(place, picture.fields, "", picture.height, picture.width))
    else:
        yield address_in_record(part.file, InRecord(place, (), picture.pattern, picture.height, picture.width))


def _expanded(record: Any, keys: Sequence[str], above: tuple[str, ...] = ()) -> Iterator[str]:
    """The fields that `keys` lead to, with a place wherever there is a list on the way: imgs.0.picture."""
    if isinstance(record, list):
        for place, item in enumerate(record):
            yield from _expanded(item, keys, (*above, str(place)))
    elif not keys:
        yield ".".join(above)
    elif isinstance(record, dict) and keys[0] in record:
        yield from _expanded(record[keys[0]], keys[1:], (*above, keys[0]))


def _value(record: Record, field: str) -> Any:
    try:
        return value_at(record, field)
    except KeyError:
        return None


def _refuse_absent(record: Record, picture: Picture, wanted: Wanted, fact: str, source: str) -> None:
    """What the first record has not, no one will have."""
    found = [LINE, *record]
    here = [pair for pair in wanted if pair[1] == LINE or _value(record, pair[1]) is None]
    refuse_absent_columns([pair for pair in here if pair[1] not in found], found, source)
    if isinstance(picture, EncodedPicture):
        shown = next(_expanded(record, picture.field.split(".")), None)
        if shown is None:
            refuse_absent_columns([(f"{fact}.picture.field", picture.field)], found, source)
    elif not isinstance(picture, ListedPixels):
        columns = sum(re.fullmatch(picture.pattern, field) is not None for field in record)
        if columns != picture.height * picture.width:
            raise Refusal(
                f"{source}: {columns} columns fit {picture.pattern!r} (the card's {fact}.picture.pattern), but "
                f"{picture.height} x {picture.width} pixels take {picture.height * picture.width}. Found "
                f"{listed(record, 8)}. Correct the card."
            )
