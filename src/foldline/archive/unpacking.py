"""What archives hold that cannot be read in place is unpacked once, beside the downloads, for all processes.

Containers are known by their first bytes: a tar may be called `.zip`. Beside `input/<slug>` lies
`input/.unpacked/<slug>` with a folder per container, named by a hash of what the container is; it may be deleted at
any time that no stage runs.
"""

import bz2
import errno
import gzip
import lzma
import os
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Literal

from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import locked, sha256_of_json, whole_folder

Container = Literal["zip", "7z", "tar", "gzip", "bzip2", "xz"]
SUFFIXES = (".zip", ".7z", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")
UNREAD_SUFFIXES = (".z01", ".rar", ".zst", ".tzst", ".lz4", ".lz", ".lzma", ".z", ".br", ".cab")
"""Of formats that Python's own library does not read; .z01 is the first part of a zip, of which .zip is the last."""
CLOSED = (*SUFFIXES, *UNREAD_SUFFIXES)
HEAD_BYTES = 262
END_OF_ZIP, LARGEST_END = b"PK\x05\x06", 22 + 2**16
"""The mark of the record, and how many bytes it may take, with its comment."""
MAGIC: tuple[tuple[int, bytes, Container], ...] = (
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (257, b"ustar", "tar"),
)
LARGEST_EXPANSION = 1_000
BOMB_BYTES = 2**28
"""Only what grows a thousandfold into more than this is taken for an attack: a black picture may shrink so far."""
AGAIN = "Remove it and run `dvc repro -f -s download`."
DAMAGES = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
BLOCK_BYTES = 2**20
OPENERS = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}


class Locked(Exception):
    """What an archive holds needs a password; it may be needed by nobody."""


def ends_as_zip(path: Path) -> bool:
    """Whether a zip's last record is near the end of the file, whatever lies before it."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - LARGEST_END))
        return END_OF_ZIP in file.read()


def container_kind(head: bytes, suffix: str) -> Container | None:
    """What a file that begins with `head` contains files as; None when it is a file itself."""
    for offset, magic, kind in MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    # The oldest tars have no mark.
    return "tar" if suffix == ".tar" and head else None


class Unpacked:
    """The folder beside `downloads` where containers are unpacked."""

    def __init__(self, downloads: Path) -> None:
        self.root = downloads.resolve().parent / ".unpacked" / downloads.resolve().name
        self._used: set[Path] = set()
        self._is_new = False

    def folder(self, identity: object, where: str, fill: Callable[[Path], None]) -> Path:
        """The folder of what `identity` (json) stands for, filled by `fill` unless an earlier call did it.

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
        """Once something new was unpacked, the downloads have changed: remove what was unpacked of earlier ones."""
        if self._is_new:
            with locked(self.root / ".lock"):
                for path in self.root.iterdir():
                    if path.is_dir() and path not in self._used:
                        shutil.rmtree(path)


@contextmanager
def refusing_damage(where: str) -> Iterator[None]:
    """What goes wrong as `where` is read or unpacked becomes a Refusal where the archive or the disk is to blame."""
    try:
        yield
    except DAMAGES as error:
        raise Refusal(f"{where} is damaged ({error}). {AGAIN}") from None
    except (NotImplementedError, RuntimeError) as error:  # a password, or a compression that is not known here
        raise Refusal(
            f"{where} cannot be unpacked here ({error}). Unpack the archive by hand and zip it anew, by deflate and "
            "without a password."
        ) from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Refusal(f"{where} does not fit on the disk unpacked. Free some space.") from None
        if error.errno in (None, errno.EINVAL):  # bz2 and gzip say so that what they read is none of theirs
            raise Refusal(f"{where} is damaged ({error}). {AGAIN}") from None
        raise


def refuse_bomb(where: str, packed_bytes: int, unpacked_bytes: int) -> None:
    """Raises Refusal for what grows as no honest file does. unpacked_bytes: in all, or as far as one has come."""
    if unpacked_bytes > max(BOMB_BYTES, LARGEST_EXPANSION * packed_bytes):
        raise Refusal(
            f"{where} unpacks {packed_bytes:,} bytes to {unpacked_bytes:,} or more. Do not trust this archive."
        )


def extract(path: Path, kind: Container, folder: Path, where: str) -> None:
    """Fill `folder` with what the container `path` holds: a tree of files, or the one file `content`.

    Raises Refusal for a member that would leave the folder, for a bomb, and when 7z needs a library that is missing;
    Locked for a 7z with a password.
    """
    # What is packed is hardly larger than what it holds; 7z and zips say how much that is.
    refuse_without_room(folder, path.stat().st_size, where)
    match kind:
        case "7z":
            _extract_7z(path, folder, where)
        case "tar":
            _extract_tar(path, folder, where)
        case "gzip" | "bzip2" | "xz":
            with OPENERS[kind](path) as packed:
                copy_stream(packed, folder / "content", path.stat().st_size, where)
        case "zip":
            raise ValueError("zips are read in place")


def refuse_without_room(folder: Path, needed_bytes: int, where: str) -> None:
    """Raises Refusal when the disk of `folder` has less than what `where` takes unpacked."""
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise Refusal(
            f"{where} takes {needed_bytes:,} bytes unpacked, {free:,} are free at {folder.parent}. Free some space."
        )


def copy_stream(packed: BufferedIOBase, target: Path, packed_bytes: int, where: str) -> None:
    """Raises Refusal as soon as what comes out of `packed` is that of a bomb."""
    with target.open("wb") as file:
        while block := packed.read(BLOCK_BYTES):
            file.write(block)
            refuse_bomb(where, packed_bytes, file.tell())


def refuse_leaving(name: str, archive: Path | str) -> None:
    """Raises Refusal for a member's path that would leave the folder it is extracted into."""
    path = name.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/"):
        raise Refusal(f"{archive}: the member `{name}` leaves the folder. Do not trust this archive; nothing was read.")


def _extract_tar(path: Path, folder: Path, where: str) -> None:
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            refuse_leaving(member.name, where)
            packed = archive.extractfile(member) if member.isfile() or member.islnk() else None
            if packed is not None:
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with packed, target.open("wb") as file:
                    shutil.copyfileobj(packed, file, BLOCK_BYTES)


def _extract_7z(path: Path, folder: Path, where: str) -> None:
    try:
        import py7zr  # only those who have a 7z need it
        import py7zr.exceptions
    except ModuleNotFoundError:
        raise Refusal(f"{where} is a 7z archive, and py7zr is not installed: pip install py7zr.") from None
    try:
        with py7zr.SevenZipFile(path) as archive:
            for name in archive.getnames():
                refuse_leaving(name, where)
            unpacked_bytes = archive.archiveinfo().uncompressed
            refuse_bomb(where, path.stat().st_size, unpacked_bytes)
            refuse_without_room(folder, unpacked_bytes, where)
            archive.extractall(folder)
    except py7zr.exceptions.PasswordRequired:
        raise Locked(where) from None
    except (py7zr.exceptions.ArchiveError, *DAMAGES) as error:
        raise Refusal(f"{where} cannot be unpacked ({type(error).__name__}: {error}). {AGAIN}") from None


PART = re.compile(r"(?P<whole>.+)\.\d{3}")
FIRST = ".001"


def whole_of(name: str) -> str | None:
    """The name of the archive that the download `name` is a part of; None where it is none."""
    part = PART.fullmatch(name)
    return part and part["whole"]


def join_parts(parts: Sequence[Path], whole: Path, where: str) -> None:
    """Write the parts one after the other. Raises Refusal, naming `where`, when the disk has no room for them."""
    refuse_without_room(whole.parent, sum(part.stat().st_size for part in parts), where)
    with whole.open("wb") as file:
        for path in parts:
            with path.open("rb") as part:
                shutil.copyfileobj(part, file, BLOCK_BYTES)


def unopened_archives(names: Iterable[str]) -> str:
    """A hint for a message about a file that is not among `names`; empty when every archive is open.

    An open archive is known by what it holds: one that is a name itself stayed closed.
    """
    closed = [f"`{name}`" for name in names if name.lower().endswith(CLOSED)]
    if not closed:
        return ""
    return (
        f" Not opened here, for their format or for want of a password: {listed(closed, 3)}. Unpack such an "
        "archive by hand and zip it anew, whole and without a password, into a folder with all the other downloads, "
        "elsewhere. Then `foldline download --from FOLDER` takes them in its place, and says how "
        "DVC keeps them."
    )
