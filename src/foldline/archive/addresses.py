"""Where one picture lies in the archives: `path` in images.parquet, a text that says it all.

`train/a.jpg` is a file. `X_train.npy[17]` is row 17, counted from 0, of a file of arrays, `train.hdf5/ISIC_07` a data
set of one, `train.hdf5/images[17]` a row of that. `a_red.png|a_green.png` are such things that are the channels of one
picture. `train.bson#{...}` is a picture within a record of a file, the braces a json of this module's `InRecord`.
"""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

BETWEEN_CHANNELS = "|"
RECORD = "#{"
IN_NPY = re.compile(r"(?P<file>.+\.npy)(?P<name>)\[(?P<row>\d+)\]", re.IGNORECASE)
IN_HDF5 = re.compile(r"(?P<file>.+?\.(h5|hdf5))/(?P<name>[^\[\]]+)(\[(?P<row>\d+)\])?", re.IGNORECASE)


@dataclass(frozen=True)
class InRecord:
    """An image file in a record (`fields` has one name, sizes are 0), or numbers, row by row: a field per channel, or
    with `pattern` all fields that fit it, one per pixel."""

    place: tuple[int, int]
    """Of the record (records.py)."""
    fields: tuple[str, ...]
    pattern: str
    height: int
    width: int


@dataclass(frozen=True)
class InArray:
    file: str
    name: str
    """Of the data set in an HDF5 file; empty for a .npy file, which has one array."""
    row: int | None
    """Counted from 0; None when the whole data set is the picture."""


def address_in_record(file: str, picture: InRecord) -> str:
    return f"{file}#{json.dumps(asdict(picture), separators=(',', ':'))}"


def parse_in_record(address: str) -> tuple[str, InRecord] | None:
    """The file and the place in it; None when `address` is a file's or that of several."""
    file, found, values = address.partition(RECORD)
    if not found:
        return None
    parsed: dict[str, Any] = json.loads("{" + values)
    return file, InRecord(**{**parsed, "place": tuple(parsed["place"]), "fields": tuple(parsed["fields"])})


def shown_address(address: str) -> str:
    """As messages show it: of a picture in a record its file, and where the record begins there."""
    in_record = parse_in_record(address)
    return address if in_record is None else f"{in_record[0]} at {in_record[1].place[0]}"


def parse_in_array(place: str) -> InArray | None:
    """`place`: one of those that `places_of` gives; None when it is a file."""
    found = IN_NPY.fullmatch(place) or IN_HDF5.fullmatch(place)
    return found and InArray(found["file"], found["name"], int(found["row"]) if found["row"] else None)


def places_of(address: str) -> list[str]:
    """The files and places in files of arrays that the picture takes."""
    in_record = parse_in_record(address)
    return [in_record[0]] if in_record else address.split(BETWEEN_CHANNELS)


def value_at(record: Any, field: str) -> Any:
    """The value in nested records: `imgs.0.picture`. Raises KeyError when there is none."""
    if isinstance(record, dict) and field in record:
        return record[field]
    for key in field.split("."):
        try:
            record = record[int(key)] if isinstance(record, list) else record[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise KeyError(field) from None
    return record
