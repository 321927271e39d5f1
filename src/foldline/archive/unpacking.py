"""What cannot be read in place is unpacked once, next to the downloads, for all processes.

Containers are known by their first bytes: a tar may be called `.zip`. Next to `input/<slug>` lies
`input/.unpacked/<slug>` with a folder per container, named by a hash of its identity; it may be deleted whenever no
stage runs.
"""

import bz2
import errno
import gzip
import lzma
import os
import re
import shutil
import stat
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Literal, cast

from foldline.archive.budgets import (
    KEPT_FREE_BYTES,
    refuse_bomb,
    refuse_entries,
    refuse_overlap,
    refuse_without_room,
)
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import FULL_DISK, locked, sha256_of_json, whole_folder

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
AGAIN = "Remove it and run `dvc repro -f -s download`."
OF_THE_SYSTEM = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE)
"""Errors that say nothing of an archive."""
TWICE = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY)
BLOCK_BYTES = 2**20
OPENERS = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}


class Locked(Exception):
    """An archive needs a password; perhaps nobody needs its files."""


def ends_as_zip(path: Path) -> bool:
    """Whether a zip's end record is near the end of the file, whatever precedes it."""
    return bool(_end_of_zip(path))


def _end_of_zip(path: Path) -> bytes:
    """The last end record and what follows it; empty where there is none."""
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


@contextmanager
def refusing_damage(where: str, cure: str = AGAIN) -> Iterator[None]:
    """Errors while `where` is read or unpacked become a Refusal if the archive, the memory or the disk is to blame."""
    try:
        yield
    except (Refusal, Locked):
        raise
    except MemoryError:
        raise Refusal(f"{where} takes more memory to unpack than is free. Use a machine with more.") from None
    except RecursionError:
        raise Refusal(f"{where} is damaged (nested without end). {cure}") from None
    except RuntimeError as error:  # a password, or, as NotImplementedError, an unsupported compression
        raise Refusal(
            f"{where} cannot be unpacked here ({error}). Extract the archive by hand and zip it again, with deflate "
            "and without a password."
        ) from None
    except OSError as error:
        if error.errno in OF_THE_SYSTEM:
            raise
        raise Refusal(_of_system_error(where, error, cure)) from None
    except Exception as error:  # hostile bytes meet decoders with any error there is
        raise Refusal(f"{where} is damaged or cut short ({f'{error}' or type(error).__name__}). {cure}") from None


def _of_system_error(where: str, error: OSError, cure: str) -> str:
    if error.errno in FULL_DISK:
        return f"{where} does not fit on disk when unpacked. Free some space."
    if error.errno in TWICE:
        return (
            f"{where} holds two entries of one name, such as a file and a folder ({Path(error.filename or '').name}). "
            "Extract the archive by hand, rename one, and take the files by `foldline download --from FOLDER`."
        )
    return f"{where} is damaged or cut short ({error.strerror or error}). {cure}"


def extract(path: Path, kind: Container, folder: Path, where: str) -> None:
    """Fill `folder` with the container's contents: a tree of files, or the one file `content`.

    Raises Refusal for an entry that would leave the folder, for a zip bomb, and if 7z's library is missing; Locked for
    a 7z with a password.
    """
    # Archives are hardly larger than their contents; 7z and zip state the size of these.
    refuse_without_room(folder, path.stat().st_size, where)
    match kind:
        case "7z":
            _extract_7z(path, folder, where)
            _refuse_links(folder, where)
        case "tar":
            _extract_tar(path, folder, where)
        case "gzip" | "bzip2" | "xz":
            with OPENERS[kind](path) as packed:
                copy_stream(packed, folder / "content", path.stat().st_size, where)
        case "zip":
            raise ValueError("zips are read in place")


def copy_stream(packed: BufferedIOBase, target: Path, packed_bytes: int, where: str) -> None:
    """Raises Refusal as soon as `packed` proves to be a zip bomb."""
    with target.open("wb") as file:
        while block := packed.read(BLOCK_BYTES):
            refuse_without_room(target.parent, len(block) + KEPT_FREE_BYTES, where)
            file.write(block)
            refuse_bomb(where, packed_bytes, file.tell())


def refuse_leaving(name: str, archive: Path | str) -> None:
    """Raises Refusal for an entry whose path would leave the folder it is extracted into."""
    path = name.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/"):
        raise Refusal(f"{archive}: the entry `{name}` leaves the folder. Do not trust this archive; nothing was read.")


def entries_of(archive: zipfile.ZipFile, where: str) -> Iterator[zipfile.ZipInfo]:
    """The files in a zip, without its folders. Raises Refusal for an archive of too many, for one whose files overlap,
    and for an entry that would leave the folder."""
    entries, path = archive.infolist(), Path(str(archive.filename))
    refuse_entries(where, len(entries))
    refuse_overlap(where, path.stat().st_size, sum(entry.compress_size for entry in entries))
    counted = int.from_bytes(_end_of_zip(path)[COUNT_IN_END], "little")
    if counted not in (len(entries) % 2**16, 2**16 - 1):  # with the largest number, 64 bits elsewhere tell it
        raise Refusal(f"{where} is damaged: it lists {len(entries):,} files, and its end says {counted:,}. {AGAIN}")
    for entry in entries:
        refuse_leaving(entry.filename, where)
        meant = archive.getinfo(entry.filename)  # the last one of this name
        if (entry.CRC, entry.file_size) != (meant.CRC, meant.file_size):
            raise two_of_one_name(where, entry.filename)
        if not entry.is_dir() and entry is meant:
            yield entry


def two_of_one_name(where: str, name: str) -> Refusal:
    return Refusal(
        f"{where}: it holds two different files of the name `{name}`. Unpack it by hand, keep the file that is meant, "
        "and take the competition's files by `foldline download --from FOLDER`."
    )


def refuse_entry(entry: zipfile.ZipInfo, where: str) -> None:
    """Raises Refusal for a bomb, and for a link: what that leads to may lie outside of the archive."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refusal(f"{where} is a link to another file, which is not followed. Zip that file itself.")
    refuse_bomb(where, entry.compress_size, entry.file_size)


def _extract_tar(path: Path, folder: Path, where: str) -> None:
    """Symbolic links are left out. A sparse file's zeros count as its bytes."""
    packed_bytes, unpacked_bytes = path.stat().st_size, 0
    with tarfile.open(path, "r:") as archive:
        for count, entry in enumerate(archive, 1):
            refuse_entries(where, count)
            refuse_leaving(entry.name, where)
            target = folder / entry.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_file() and not entry.isdir():
                if not entry.islnk() or entry.linkname != entry.name:  # a link to itself is the same file again
                    raise two_of_one_name(where, entry.name)
            elif entry.islnk():
                _link(target, folder, entry.linkname, where)
            elif entry.isfile():
                unpacked_bytes += entry.size
                refuse_bomb(where, packed_bytes, unpacked_bytes)
                refuse_without_room(folder, entry.size, where)
                packed = cast(BufferedIOBase, archive.extractfile(entry))
                with packed, target.open("xb") as file:
                    shutil.copyfileobj(packed, file, BLOCK_BYTES)


def _link(target: Path, folder: Path, name: str, where: str) -> None:
    """A tar's second name for a file that came before it. Raises Refusal for any other."""
    refuse_leaving(name, where)
    if not (folder / name).is_file():
        raise Refusal(f"{where}: the entry `{target.name}` is a link to `{name}`, which is no file before it. {AGAIN}")
    target.hardlink_to(folder / name)


def _refuse_links(folder: Path, where: str) -> None:
    """Raises Refusal where an archive that has been extracted holds a link that leads out of it."""
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            raise Refusal(
                f"{where}: the entry `{path.name}` is a link that leaves the folder. Do not trust this archive."
            )


def _extract_7z(path: Path, folder: Path, where: str) -> None:
    try:
        import py7zr  # needed for 7z alone
        import py7zr.exceptions
    except ModuleNotFoundError:
        raise Refusal(f"{where} is a 7z archive, and py7zr is not installed: pip install py7zr.") from None
    try:
        with py7zr.SevenZipFile(path) as archive:
            refuse_entries(where, len(archive.getnames()))
            for name, times in Counter(archive.getnames()).items():
                refuse_leaving(name, where)
                if times > 1:
                    raise two_of_one_name(where, name)
            unpacked_bytes = archive.archiveinfo().uncompressed
            refuse_bomb(where, path.stat().st_size, unpacked_bytes)
            refuse_without_room(folder, unpacked_bytes, where)
            archive.extractall(folder)
    except py7zr.exceptions.PasswordRequired:
        raise Locked(where) from None
    except py7zr.exceptions.ArchiveError as error:
        raise Refusal(f"{where} cannot be unpacked ({type(error).__name__}: {error}). {AGAIN}") from None


PART = re.compile(r"(?P<whole>.+)\.\d{3}")
FIRST = ".001"


def whole_of(name: str) -> str | None:
    """The name of the archive that the download `name` is a part of; None if it is not a part."""
    part = PART.fullmatch(name)
    return part and part["whole"]


def join_parts(parts: Sequence[Path], whole: Path, where: str) -> None:
    """Concatenate the parts. Raises Refusal, naming `where`, when the disk has no room for them."""
    refuse_without_room(whole.parent, sum(part.stat().st_size for part in parts), where)
    with whole.open("wb") as file:
        for path in parts:
            with path.open("rb") as part:
                shutil.copyfileobj(part, file, BLOCK_BYTES)


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
