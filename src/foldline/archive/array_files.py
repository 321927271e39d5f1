"""Pictures that lie in files of arrays: a row of a .npy file, a data set of an HDF5 file, or a row of one."""

import io
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from foldline.files.refusal import Refusal

PICKLED = "it holds pickled Python objects, which are not opened, for they could run any code"
"""What its arrays are instead of numbers."""


def holds_objects(error: Exception) -> bool:
    """Whether numpy's `error` says so."""
    return "Object arrays" in f"{error}" or "Python objects" in f"{error}"


class ArrayFile(ABC):
    """Reads one picture at a time; what was not asked for stays on the disk.

    A picture is the data set `name` (empty in a .npy file, which is one array), or the row `row` of it, from 0.
    """

    @abstractmethod
    def holds(self, name: str, row: int | None) -> bool: ...

    @abstractmethod
    def value(self, name: str, row: int | None) -> Any: ...

    def content(self, name: str, row: int | None) -> bytes:
        """An image file's bytes where the array holds them, else the picture's numbers as a .npy file.

        Raises KeyError when it holds no such picture.
        """
        if not self.holds(name, row):
            raise KeyError(name, row)
        value = self.value(name, row)
        if isinstance(value, bytes):
            return bytes(value)
        if isinstance(value, np.void) or (value.ndim == 1 and value.dtype == np.uint8):
            return value.tobytes()
        stored = io.BytesIO()
        np.save(stored, value, allow_pickle=False)
        return stored.getvalue()


class NpyFile(ArrayFile):
    def __init__(self, path: Path) -> None:
        self.array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)

    def holds(self, name: str, row: int | None) -> bool:
        return self.array.ndim > 1 and row is not None and row < len(self.array)

    def value(self, name: str, row: int | None) -> Any:
        return self.array[row]


class Hdf5File(ArrayFile):
    def __init__(self, path: Path) -> None:
        try:
            import h5py  # only those need it who have such a file
        except ModuleNotFoundError:
            raise Refusal(f"{path} is an HDF5 file, and h5py is not installed: pip install h5py.") from None
        self.file = h5py.File(path, "r")

    def holds(self, name: str, row: int | None) -> bool:
        if name not in self.file:
            return False
        found: Any = self.file[name]
        return hasattr(found, "shape") and (row is None or (found.ndim > 0 and row < len(found)))

    def value(self, name: str, row: int | None) -> Any:
        found: Any = self.file[name]
        return found[() if row is None else row]


def open_array_file(path: Path, name: str) -> ArrayFile:
    """The file `path`, whose name in the archives is `name`. Raises Refusal when it is damaged or no such file."""
    try:
        return NpyFile(path) if name.lower().endswith(".npy") else Hdf5File(path)
    except (OSError, ValueError) as error:
        if holds_objects(error):
            raise Refusal(f"`{name}` cannot be read: {PICKLED}. Name another file in the card.") from None
        raise Refusal(f"`{name}` is not a readable file of arrays ({error}). Download it anew.") from None
