"""What cannot be read in place is unpacked once, next to the downloads, for all processes.

Next to `input/<slug>` lies `input/.unpacked/<slug>` with a folder per container, named by a hash of its identity; it
may be deleted whenever no stage runs.
"""

import bz2
import gzip
import hashlib
import itertools
import lzma
import re
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from io import BufferedIOBase
from pathlib import Path
from string import ascii_lowercase
from typing import cast

from foldline.archive.budgets import (
    ENTRY_BYTES,
    KEPT_FREE_BYTES,
    LIST_BYTES,
    most_made,
    refuse_bomb,
    refuse_entries,
    refuse_without_room,
)
from foldline.archive.containers import SUFFIXES, Container
from foldline.archive.damage import AGAIN, Locked, refuse_name, refusing_damage, two_of_one_name
from foldline.files.refusal import Refusal
from foldline.files.whole_files import locked, sha256_of_json, whole_folder

BLOCK_BYTES = 2**20
NAMING = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
LONGEST_NAMING = 2**14
"""Bytes of a tar's header that names the following file: a path has 4,096 at most."""
OPENERS = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}


class Unpacked:
    """The folder next to `downloads` where containers are unpacked."""

    def __init__(self, downloads: Path) -> None:
        self.root = downloads.resolve().parent / ".unpacked" / downloads.resolve().name
        self._used: set[Path] = set()
        self._is_new = False

    def folder(self, identity: object, where: str, fill: Callable[[Path], None]) -> Path:
        """The folder for `identity` (json), filled by `fill` unless an earlier call did so.

        where: the container, for messages. Raises Refusal when it is damaged or when the disk is full.
        """
        path = self.root / sha256_of_json(identity)[:32]
        with locked(self.root / ".lock"):
            if not path.is_dir():
                with refusing_damage(where), whole_folder(path) as partial:
                    fill(partial)
                self._is_new = True
        self._used.add(path)
        return path

    def drop_stale(self) -> None:
        """If anything new was unpacked, the downloads have changed: remove what earlier ones left."""
        if self._is_new:
            with locked(self.root / ".lock"):
                for path in self.root.iterdir():
                    if path.is_dir() and path not in self._used:
                        shutil.rmtree(path)


def extract(path: Path, kind: Container, folder: Path, where: str, packed_bytes: int) -> None:
    """Fill `folder` with the container's contents: a tree of files, or the one file `content`.

    packed_bytes: of the download that it lies in, which bounds what may become of it. Raises Refusal for an entry that
    would leave the folder, for a zip bomb, and if 7z's library is missing; Locked for a 7z with a password.
    """
    # Archives are hardly larger than their contents; 7z and zip state the size of these.
    refuse_without_room(folder, path.stat().st_size, where)
    if kind == "7z":
        _extract_7z(path, folder, where, packed_bytes)
        _refuse_links(folder, where)
    elif kind == "tar":
        _extract_tar(path, folder, where, packed_bytes)
    else:
        with OPENERS[kind](path) as packed:
            copy_stream(packed, folder / "content", packed_bytes, where)


def copy_stream(packed: BufferedIOBase, target: Path, packed_bytes: int, where: str) -> None:
    """Raises Refusal as soon as `packed` proves to be a zip bomb."""
    with target.open("wb") as file:
        while block := packed.read(BLOCK_BYTES):
            refuse_without_room(target.parent, len(block) + KEPT_FREE_BYTES, where)
            file.write(block)
            refuse_bomb(where, packed_bytes, file.tell())


class _Header(tarfile.TarInfo):
    """As tarfile reads it, but for sizes with which it would go back in the file, or look for very long."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size < 0 or (self.type in NAMING and self.size > LONGEST_NAMING):
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


def _extract_tar(path: Path, folder: Path, where: str, packed_bytes: int) -> None:
    """Symbolic links are left out. A sparse file's zeros count as its bytes."""
    unpacked_bytes = 0
    with tarfile.open(path, "r:", tarinfo=_Header) as archive:
        for number, entry in enumerate(archive, 1):
            refuse_entries(where, number)
            refuse_name(entry.name, where)
            unpacked_bytes += max(entry.size, ENTRY_BYTES)
            refuse_bomb(where, packed_bytes, unpacked_bytes)
            target = folder / entry.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_file() and not entry.isdir():
                if not _is_again(entry, archive, target, folder):
                    raise two_of_one_name(where, entry.name)
            elif entry.islnk():
                _link(target, folder, entry.linkname, where)
            elif entry.isfile():
                refuse_without_room(folder, entry.size, where)
                packed = cast(BufferedIOBase, archive.extractfile(entry))
                with packed, target.open("xb") as file:
                    shutil.copyfileobj(packed, file, BLOCK_BYTES)


def _is_again(entry: tarfile.TarInfo, archive: tarfile.TarFile, target: Path, folder: Path) -> bool:
    """Whether `entry` is the file that has been unpacked as `target`: a link to it, or the same bytes."""
    if entry.islnk():
        return folder / entry.linkname == target
    if not entry.isfile() or entry.size != target.stat().st_size:
        return False
    with cast(BufferedIOBase, archive.extractfile(entry)) as packed, target.open("rb") as file:
        return hashlib.file_digest(packed, "sha256").digest() == hashlib.file_digest(file, "sha256").digest()


def _link(target: Path, folder: Path, name: str, where: str) -> None:
    """A tar's second name for a file that came before it. Raises Refusal for any other."""
    refuse_name(name, where)
    if not (folder / name).is_file():
        raise Refusal(f"{where}: the entry `{target.name}` is a link to `{name}`, not a file before it. {AGAIN}")
    target.hardlink_to(folder / name)


def _refuse_links(folder: Path, where: str) -> None:
    """Raises Refusal where an archive that has been extracted holds a link that leads out of it."""
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            raise Refusal(
                f"{where}: the entry `{path.name}` is a link that leaves the folder. Do not trust this archive."
            )


def _extract_7z(path: Path, folder: Path, where: str, packed_bytes: int) -> None:
    try:
        import py7zr.archiveinfo  # needed for 7z alone
        import py7zr.exceptions
    except ModuleNotFoundError:
        raise Refusal(f"{where} is a 7z archive, and py7zr is not installed: pip install py7zr.") from None
    # It unpacks the list of files, and makes as many objects, before anyone can count them.
    py7zr.archiveinfo.MAX_NUMFILES = most_made(packed_bytes) // ENTRY_BYTES
    py7zr.archiveinfo.MAX_HEADER_SIZE = most_made(packed_bytes) // LIST_BYTES
    try:
        with py7zr.SevenZipFile(path) as archive:
            refuse_entries(where, len(archive.getnames()))
            for name, times in Counter(archive.getnames()).items():
                refuse_name(name, where)
                if times > 1:
                    raise two_of_one_name(where, name)
            unpacked_bytes = archive.archiveinfo().uncompressed
            refuse_bomb(where, packed_bytes, unpacked_bytes)
            refuse_without_room(folder, unpacked_bytes, where)
            archive.extractall(folder)
    except py7zr.exceptions.PasswordRequired:
        raise Locked(where) from None
    except (Refusal, MemoryError, OSError, RuntimeError):
        raise
    except Exception as error:  # of damaged bytes it raises whatever comes of them
        raise Refusal(f"{where} cannot be unpacked ({type(error).__name__}: {error}). {AGAIN}") from None


PART = re.compile(
    rf"(?P<start>(?P<whole>.+(?i:{'|'.join(map(re.escape, SUFFIXES))}))[._-]?(part[._-]?)?)"
    r"(?P<count>\d{1,3}|[a-z]{2})"
)
"""Of an archive, as 7-Zip (`x.7z.001`) and `split` (`x.tar.gz.aa`, `x.tar.gz.part00`) name them: other files may be
called like numbers, such as the slices of a scan."""
FIRST_COUNTS = ("aa", "000", "00", "0", "001", "01", "1")


def parts_of(name: str, files: Collection[str], where: str) -> tuple[str, list[str]]:
    """The archive that the download `name`, one of `files`, begins, and its parts, of which there are none where `name`
    is a later one; `name` itself where it is no part. Raises Refusal for one that is missing."""
    part = PART.fullmatch(name)
    first = part and next((count for count in FIRST_COUNTS if part["start"] + count in files), None)
    if not part or not first or first.isdigit() != part["count"].isdigit():
        return name, [name]
    if part["count"] != first:
        return part["whole"], []
    others = filter(None, map(PART.fullmatch, files))
    found = {
        other[0] for other in others if (other["start"], other["count"].isdigit()) == (part["start"], first.isdigit())
    }
    parts: list[str] = []
    for count in _counts(first):
        if len(parts) == len(found):
            break
        if (wanted := part["start"] + count) not in found:
            follows = min(found.difference(parts))
            raise Refusal(f"{where}: `{wanted}` is missing, which `{follows}` follows. {AGAIN}")
        parts.append(wanted)
    return part["whole"], parts


def _counts(first: str) -> Iterable[str]:
    if first.isdigit():
        return (f"{number:0{len(first)}}" for number in itertools.count(int(first)))
    return map("".join, itertools.product(ascii_lowercase, repeat=len(first)))


def join_parts(parts: Sequence[Path], whole: Path, where: str) -> None:
    """Concatenate the parts. Raises Refusal, naming `where`, when the disk has no room for them."""
    refuse_without_room(whole.parent, sum(part.stat().st_size for part in parts), where)
    with whole.open("wb") as file:
        for path in parts:
            with path.open("rb") as part:
                shutil.copyfileobj(part, file, BLOCK_BYTES)
