"""The address of an image in the archives: `path` in images.parquet, one string; and array files.

`train/a.jpg` is a file. `X_train.npy[17]` is row 17, counted from 0, of a file of arrays, `train.hdf5/ISIC_07` a data
set of one, `train.hdf5/images[17]` a row of that. `a_red.png|a_green.png` are the channels of one image.
`train.bson#{...}` is an image in a record of a file; the braces are the json of this module's `InRecord`.
"""

import io
import json
import math
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from foldline.archive.budgets import LONGEST_PATH, MOST_PIXELS
from foldline.files.refusal import Refusal

BETWEEN_CHANNELS = "|"
RECORD = "#{"
IN_NPY = re.compile(r"(?P<file>.+\.npy)(?P<name>)\[(?P<row>\d+)\]", re.IGNORECASE)
IN_HDF5 = re.compile(r"(?P<file>.+?\.(h5|hdf5))/(?P<name>[^\[\]]+)(\[(?P<row>\d+)\])?", re.IGNORECASE)


@dataclass(frozen=True)
class InRecord:
    """An image file in a record (`fields` has one name, sizes are 0), or numbers, row by row: a field per channel, or
    with `pattern` all fields that fit it, one per pixel."""

    place: tuple[int, int]
    """Of the record (record_files.py)."""
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
    """Counted from 0; None when the whole data set is the image."""


def address_in_record(file: str, image: InRecord) -> str:
    return f"{file}#{json.dumps(asdict(image), separators=(',', ':'))}"


def parse_in_record(address: str) -> tuple[str, InRecord] | None:
    """The file and the place in it; None when `address` is that of one or several files, which may be called so."""
    file, _, values = address.partition(RECORD)
    try:
        parsed: dict[str, Any] = json.loads("{" + values)
        return file, InRecord(**{**parsed, "place": tuple(parsed["place"]), "fields": tuple(parsed["fields"])})
    except (ValueError, TypeError, KeyError):
        return None


def shown_address(address: str) -> str:
    """As messages show it: for an image in a record, its file and the offset of the record."""
    in_record = parse_in_record(address)
    return address if in_record is None else f"{in_record[0]} at {in_record[1].place[0]}"


def parse_in_array(place: str) -> InArray | None:
    """`place`: one of those that `places_of` gives; None for a file."""
    found = len(place) <= LONGEST_PATH and (IN_NPY.fullmatch(place) or IN_HDF5.fullmatch(place))
    return InArray(found["file"], found["name"], int(found["row"]) if found["row"] else None) if found else None


def places_of(address: str) -> list[str]:
    """The files, or places in array files, that the image is read from."""
    in_record = parse_in_record(address)
    return [in_record[0]] if in_record else address.split(BETWEEN_CHANNELS)


def value_at(record: Any, field: str) -> Any:
    """The value in nested records: `imgs.0.image`. Raises KeyError if there is none."""
    if isinstance(record, dict) and field in record:
        return record[field]
    for key in field.split("."):
        try:
            record = record[int(key)] if isinstance(record, list) else record[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise KeyError(field) from None
    return record


PICKLED = "it holds pickled Python objects, which are not opened because they can run code"
"""Why an array file is refused."""


def holds_objects(error: Exception) -> bool:
    """Whether numpy's `error` says so."""
    return "Object arrays" in f"{error}" or "Python objects" in f"{error}"


def loaded_array(content: bytes) -> Any:
    """The array of a .npy file, or the lazy arrays of an .npz. Raises ValueError."""
    try:
        return np.load(io.BytesIO(content), allow_pickle=False)
    except MemoryError:  # the room for its numbers is made before they are read
        raise ValueError("its header tells of more numbers than fit in memory") from None
    except (OSError, zipfile.BadZipFile, SyntaxError, EOFError, TypeError, OverflowError, TokenError) as error:
        raise ValueError(f"{error}" or type(error).__name__) from None


class ArrayFile:
    """Reads one image at a time; the rest stays on disk.

    An image is the data set `name` (empty for a .npy file, which is one array), or its row `row`, from 0.
    """

    def __init__(self, arrays: Mapping[str, Any], least_axes: int) -> None:
        """`least_axes`: of an array with an image per row."""
        self.arrays, self.least_axes = arrays, least_axes

    def holds(self, name: str, row: int | None) -> bool:
        array = self._array(name)
        if row is None or not hasattr(array, "shape"):
            return hasattr(array, "shape")
        return array.ndim >= self.least_axes and row < len(array)

    def content(self, name: str, row: int | None) -> bytes:
        """An image file's bytes where the array holds them, else the pixels as a .npy file.

        Raises KeyError if there is no such image, Refusal for one whose numbers lie in another file.
        """
        if not self.holds(name, row):
            raise KeyError(name, row)
        array: Any = self._array(name)
        if math.prod(array.shape if row is None else array.shape[1:]) > MOST_PIXELS:
            raise ValueError(f"it is of shape {array.shape}, more than the {MOST_PIXELS:,} numbers that are read")
        value = array[() if row is None else row]
        if isinstance(value, bytes):
            return bytes(value)
        if isinstance(value, np.void) or (value.ndim == 1 and value.dtype == np.uint8):
            return value.tobytes()
        stored = io.BytesIO()
        np.save(stored, value, allow_pickle=False)
        return stored.getvalue()

    def _array(self, name: str) -> Any:
        return self.arrays.get(name)


DEEPEST_LINKS = 16
"""As many as HDF5 itself follows."""


class Hdf5File(ArrayFile):
    """Whose groups may hold links, and whose data may lie elsewhere: nothing is read of another file."""

    def _array(self, name: str) -> Any:
        self._refuse_outside(name, name, 0)
        found = self.arrays.get(name)
        if getattr(found, "external", None) or getattr(found, "is_virtual", False):
            raise Refusal(f"{self._where(name)} has its numbers in other files, which are not read.")
        return found

    def _refuse_outside(self, path: str, name: str, depth: int) -> None:
        """Raises Refusal where a part of `path` is a link to another file, or links lead to each other.

        name: as asked for, for messages.
        """
        import h5py

        if depth > DEEPEST_LINKS:
            raise Refusal(f"{self._where(name)} is a link that leads to itself.")
        place = ""
        for part in path.strip("/").split("/"):
            above, place = place, f"{place}/{part}"
            link = self.arrays.get(place, getlink=True)  # type: ignore[call-overload]
            if isinstance(link, h5py.ExternalLink):
                raise Refusal(f"{self._where(name)} is a link to another file, `{link.filename}`, which is not read.")
            if isinstance(link, h5py.SoftLink):
                place = link.path if link.path.startswith("/") else f"{above}/{link.path}"
                self._refuse_outside(place, name, depth + 1)

    def _where(self, name: str) -> str:
        return f"{Path(self.arrays.filename).name}: `{name}`"  # type: ignore[attr-defined]


def open_array_file(path: Path, name: str) -> ArrayFile:
    """The file `path`, whose name in the archives is `name`. Raises Refusal when it is damaged or not such a file."""
    try:
        if name.lower().endswith(".npy"):
            return ArrayFile({"": np.load(path, mmap_mode="r", allow_pickle=False)}, 2)
        import h5py  # needed for such files alone

        return Hdf5File(h5py.File(path, "r"), 1)
    except ModuleNotFoundError:
        raise Refusal(f"{path} is an HDF5 file, and h5py is not installed: pip install h5py.") from None
    except (OSError, ValueError) as error:
        if holds_objects(error):
            raise Refusal(f"`{name}` cannot be read: {PICKLED}. Name another file in the card.") from None
        raise Refusal(f"`{name}` is not a readable array file ({error}). Download it again.") from None
