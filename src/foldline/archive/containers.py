"""The formats of archives. They are known by their first bytes: a tar may be called `.zip`."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from foldline.files.refusal import listed

Container = Literal["zip", "7z", "tar", "gzip", "bzip2", "xz"]
SUFFIXES = (".zip", ".7z", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")
UNREAD_SUFFIXES = (".z01", ".rar", ".zst", ".tzst", ".lz4", ".lz", ".lzma", ".z", ".br", ".cab")
"""Of formats that the standard library does not read; .z01 is the first part of a zip, of which .zip is the last."""
UNOPENED = (*SUFFIXES, *UNREAD_SUFFIXES)
HEAD_BYTES = 262
END_OF_ZIP, LARGEST_END = b"PK\x05\x06", 22 + 2**16
"""The record's signature, and its largest size in bytes, comment included."""
COUNT_IN_END = slice(10, 12)
MAGIC: tuple[tuple[int, bytes, Container], ...] = (
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (257, b"ustar", "tar"),
)


def end_of_zip(path: Path) -> bytes:
    """The last end record and what follows it, whatever precedes it; empty where there is none."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - LARGEST_END))
        _, mark, rest = file.read().rpartition(END_OF_ZIP)
    return mark + rest if mark else b""


def container_kind(head: bytes, suffix: str) -> Container | None:
    """The kind of container that begins with `head`; None when it is not one."""
    for offset, magic, kind in MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    # The oldest tars have no signature.
    return "tar" if suffix == ".tar" and head else None


def unopened_archives(names: Iterable[str]) -> str:
    """A hint for a message about a file that is not among `names`; empty when every archive was opened.

    Opened archives are replaced by their entries: one that is still a name was not opened.
    """
    unopened = [f"`{name}`" for name in names if name.lower().endswith(UNOPENED)]
    if not unopened:
        return ""
    return (
        f" Not opened (unsupported format, or a password is needed): {listed(unopened, 3)}. Extract such an archive by "
        "hand and zip its files, without a password, into another folder that holds all other downloads, too. Then "
        "`foldline download --from FOLDER` uses that folder instead, and says how DVC keeps them."
    )
