"""The hash that a file of numbers carries: a flipped bit is refused when the file is read, and never computed with.

The mark `xxh3:` and 32 digits, XXH3 of 128 bits of all other bytes, stand where readers of the format do not stumble:
behind the array of a `.npy`; between the pages and the footer of a `.parquet`; in the metadata of a `.safetensors`; as
the field `hash` of a `.json` or of the first line of a `.csv`; at the end of any other file. A file without a mark was
written by an earlier version, or by a person: it is read as it is.
"""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from xxhash import xxh3_128

from foldline.files.refusal import Refusal

FIELD = "hash"
MARK = b"xxh3:"
BLANK = b"0" * 32
UNHASHED = (MARK + BLANK).decode()
"""What a text says before it has a hash."""
HEAD = TAIL = 1 << 20
PARQUET_END = 8
"""The footer's length and PAR1."""


def seal(path: Path, suffix: str) -> None:
    """Put the hash into a finished file. suffix: of the name that it will have. Raises ValueError for a text that has
    no room for it."""
    with path.open("rb+") as file:
        if suffix == ".safetensors":
            _make_room_in_header(file)
        elif suffix == ".parquet":
            _make_room_before_footer(file)
        elif suffix not in (".json", ".csv"):
            file.seek(0, os.SEEK_END)
            file.write(UNHASHED.encode())
        offset = _offset(file, suffix)
        if offset is None:
            raise ValueError(f"{path} has no `{UNHASHED}`")
        digest = _digest(file, offset)
        file.seek(offset)
        file.write(digest)


def is_intact(path: Path) -> bool:
    """Whether the file is as it was written, as far as its hash tells. Each is read once per process."""
    found = path.stat()
    return _is_intact(path.absolute(), found.st_ino, found.st_size, found.st_mtime_ns)


def is_sealed(path: Path) -> bool:
    """Whether the file carries a hash, as one that was cut short does not."""
    with path.open("rb") as file:
        return _offset(file, path.suffix) is not None


def require_intact(path: Path) -> None:
    """Raises Refusal when the file is there, and is not what was written."""
    if path.is_file() and not is_intact(path):
        raise damaged(path)


def damaged(path: Path) -> Refusal:
    edited = f", or, if you have edited it, remove its `{FIELD}`" if path.suffix in (".json", ".csv") else ""
    return Refusal(
        f"{path} is damaged: its bytes are not those that were written (a bit has flipped on the disk or in memory). "
        f"Run `foldline repair {path}`, which removes it and what DVC keeps of it, and then `dvc repro`{edited}."
    )


def with_field(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object for a `.json` that will be sealed."""
    return {**value, FIELD: UNHASHED}


def without_field(value: Any) -> Any:
    return {key: one for key, one in value.items() if key != FIELD} if isinstance(value, dict) else value


@lru_cache(maxsize=4096)
def _is_intact(path: Path, inode: int, size: int, changed: int) -> bool:
    with path.open("rb") as file:
        offset = _offset(file, path.suffix)
        if offset is None:
            return path.suffix != ".npy" or _ends_with_its_array(path, size)
        file.seek(offset)
        return file.read(len(BLANK)) == _digest(file, offset)


def _offset(file: BinaryIO, suffix: str) -> int | None:
    """Where the digits of the hash are; None where there is no mark."""
    size = file.seek(0, os.SEEK_END)
    mark = len(UNHASHED)
    if suffix in (".safetensors", ".csv", ".json"):
        start = max(0, size - TAIL) if suffix == ".json" else 0
        file.seek(start)
        found = file.read(HEAD).rfind(MARK) if suffix == ".json" else file.read(HEAD).find(MARK)
        return None if found < 0 else start + found + len(MARK)
    start = (_footer(file) if suffix == ".parquet" else size) - mark
    file.seek(max(0, start))
    return start + len(MARK) if start >= 0 and file.read(len(MARK)) == MARK else None


def _digest(file: BinaryIO, offset: int) -> bytes:
    """Of all bytes but the digits at `offset`."""
    state, block = xxh3_128(), 1 << 20
    file.seek(0)
    left = offset
    while content := file.read(min(block, left)):
        state.update(content)
        left -= len(content)
    file.seek(offset + len(BLANK))
    while content := file.read(block):
        state.update(content)
    return state.hexdigest().encode()


def _footer(file: BinaryIO) -> int:
    """Where the footer of a parquet file begins; 0 for another file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - PARQUET_END))
    return max(0, size - PARQUET_END - int.from_bytes(file.read(4), "little"))


def _make_room_before_footer(file: BinaryIO) -> None:
    """Pages are found by their distance from the beginning of the file, the footer from its end."""
    footer = _footer(file)
    file.seek(footer)
    content = file.read()
    file.seek(footer)
    file.write(UNHASHED.encode() + content)


def _make_room_in_header(file: BinaryIO) -> None:
    """The tensors lie behind the header, by their distance from its end. Its keys come in their order, not, as the
    library would write them, in a changing one: equal models make equal bytes."""
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    described = {"__metadata__": {FIELD: UNHASHED, **header.pop("__metadata__", {})}, **header}
    content = json.dumps(described, separators=(",", ":"), ensure_ascii=False).encode()
    content += b" " * (-len(content) % 8)
    tensors = file.read()
    file.seek(0)
    file.write(len(content).to_bytes(8, "little") + content + tensors)


def _ends_with_its_array(path: Path, size: int) -> bool:
    """What lies behind an array and is no mark was one."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        return True  # an array of nothing cannot be mapped, and others are refused where they are read
    return not isinstance(array, np.memmap) or array.offset + array.nbytes == size
