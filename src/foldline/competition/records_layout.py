"""Rows of a file of records that hold their pictures themselves."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from tqdm import tqdm

from foldline.archive.addresses import InRecord, address_in_record, value_at
from foldline.archive.archives import Archives
from foldline.archive.record_file import Place, Record, RecordFile
from foldline.archive.record_kinds import KINDS, file_of_records
from foldline.archive.table_files import as_text
from foldline.archive.tables import refuse_absent_columns, refuse_absent_file
from foldline.card.layout import EncodedPicture, ListedPixels, Picture, RecordsPart
from foldline.card.sources import first_file
from foldline.competition.image_paths import fitting
from foldline.competition.layout_parts import PartLines, Wanted
from foldline.competition.source_steps import ADDRESS, after_steps, numbered
from foldline.competition.step_columns import columns_after, files_of, named, needed_columns
from foldline.files.refusal import Refusal, listed


def record_lines(archives: Archives, part: RecordsPart, fact: str, wanted: Wanted) -> PartLines:
    """A line per picture. Raises Refusal for a file that is none of records, or a record without a wanted field."""
    first = _first_record(archives, part)
    header = tuple(_leaves(first))
    own = [(place, column) for place, column in wanted if _value(first, column) is None]
    found = columns_after(archives, header, part.file, f"{fact}.file")
    source = f"{archives.folder}: {named(part.file)}"
    refuse_absent_columns([pair for pair in own if pair[1] not in first], found, source)
    _refuse_other_pictures(first, part.picture, f"{fact}.picture", source)
    needed = needed_columns(archives, header, part.file, wanted)
    lines = _lines(archives, part, [name for name in needed if name in first or _value(first, name) is not None])
    lines = after_steps(archives, numbered(lines), part.file, needed, f"{fact}.file")
    return PartLines(lines, lines[ADDRESS], ", ".join(files_of(part.file)))


def record_columns(archives: Archives, part: RecordsPart, fact: str) -> tuple[str, ...]:
    """What a card can name. Raises Refusal when there is no such file of records."""
    return columns_after(archives, tuple(_leaves(_first_record(archives, part))), part.file, fact)


def _lines(archives: Archives, part: RecordsPart, columns: Sequence[str]) -> pd.DataFrame:
    """A line per picture: `columns` and the address; the index is the number of the record, from 0."""
    values: dict[str, list[str]] = {column: [] for column in columns}
    paths: list[str] = []
    numbers: list[int] = []
    number = 0
    for name in _files(archives, part):
        try:
            fields = {*columns, *_fields_of_picture(part.picture)}
            for place, record in tqdm(_opened(archives, name).read(fields), desc=name, unit="record"):
                addresses = list(_addresses(part.picture, name, place, record, number))
                for column in columns:
                    values[column] += [as_text(_value(record, column))] * len(addresses)
                numbers += [number] * len(addresses)
                paths += addresses
                number += 1
        except ValueError as error:
            raise Refusal(f"{archives.folder}: `{name}` is not readable ({error}). Download it anew.") from None
    if not paths:
        raise _without_records(archives, first_file(part.file).name)
    return pd.DataFrame({**values, ADDRESS: paths}, index=numbers, dtype="str")


def _files(archives: Archives, part: RecordsPart) -> list[str]:
    """The files that the card's `file` names, in order. Raises Refusal when there is none."""
    name = first_file(part.file).name
    found = fitting(name, sorted(archives.names)) if "*" in name else [name]
    refuse_absent_file(archives, found[0] if found else name, tuple(KINDS))
    return found


def _opened(archives: Archives, name: str) -> RecordFile:
    return file_of_records(archives.file(name), name)


def _first_record(archives: Archives, part: RecordsPart) -> Record:
    name = _files(archives, part)[0]
    try:
        for _, record in _opened(archives, name).read(None):
            return record
    except ValueError as error:
        raise Refusal(f"{archives.folder}: `{name}` is not readable ({error}). Download it anew.") from None
    raise _without_records(archives, name)


def _without_records(archives: Archives, name: str) -> Refusal:
    return Refusal(
        f"{archives.folder}: `{name}` holds no record with a picture. Name another file in the card, or download it "
        "anew."
    )


def _leaves(record: Record, above: str = "") -> Iterator[str]:
    """The names by which a card can name what a record holds: `patient.age` within `patient`."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def _fields_of_picture(picture: Picture) -> tuple[str, ...]:
    """Those that say how many pictures a record has."""
    if isinstance(picture, EncodedPicture):
        return (picture.field,)
    return picture.fields if isinstance(picture, ListedPixels) else ()


def _addresses(picture: Picture, file: str, place: Place, record: Record, number: int) -> Iterator[str]:
    """Raises ValueError for a record without the picture's numbers."""
    if isinstance(picture, EncodedPicture):
        for field in _expanded(record, picture.field.split(".")):
            yield address_in_record(file, InRecord(place, (field,), "", 0, 0))
    elif isinstance(picture, ListedPixels):
        absent = [field for field in picture.fields if _value(record, field) is None]
        if absent:
            raise ValueError(f"record {number + 1} has no `{absent[0]}`, found {listed(record)}")
        yield address_in_record(file, InRecord(place, picture.fields, "", picture.height, picture.width))
    else:
        yield address_in_record(file, InRecord(place, (), picture.pattern, picture.height, picture.width))


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


def _refuse_other_pictures(record: Record, picture: Picture, fact: str, source: str) -> None:
    """What the first record has not, no one will have."""
    if isinstance(picture, EncodedPicture):
        if next(_expanded(record, picture.field.split(".")), None) is None:
            refuse_absent_columns([(f"{fact}.field", picture.field)], list(_leaves(record)), source)
    elif isinstance(picture, ListedPixels):
        absent = [field for field in picture.fields if _value(record, field) is None]
        refuse_absent_columns([(f"{fact}.fields", field) for field in absent], list(_leaves(record)), source)
    else:
        columns = sum(re.fullmatch(picture.pattern, field) is not None for field in record)
        if columns != picture.height * picture.width:
            raise Refusal(
                f"{source}: {columns} columns fit {picture.pattern!r} (the card's {fact}.pattern), but "
                f"{picture.height} x {picture.width} pixels take {picture.height * picture.width}. Found "
                f"{listed(record, 8)}. Correct the card."
            )
