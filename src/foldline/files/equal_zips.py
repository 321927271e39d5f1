"""Zips of the same bytes on every machine and day."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from foldline.files.whole_files import whole_file

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of entries: the earliest that a zip can hold."""


def write_archive(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """A zip of the same bytes on every machine: stored, because compressors differ, and without dates."""
    with whole_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, content in members:
            member = zipfile.ZipInfo(name, EPOCH)
            # ZipInfo's default depends on the operating system.
            member.create_system, member.external_attr = 3, 0o644 << 16
            archive.writestr(member, content)
