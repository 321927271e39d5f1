"""What an archive is refused for: damage, entries that leave it, several files of one name, links."""

import errno
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

from foldline.archive.budgets import DEEPEST_PATH, LONGEST_PATH, refuse_bomb, refuse_entries, refuse_overlap
from foldline.archive.containers import COUNT_IN_END, end_of_zip
from foldline.files.refusal import Refusal, shortened
from foldline.files.whole_files import FULL_DISK

DAMAGED = (BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError, OverflowError)
"""What the standard library's readers raise for bytes that are not as they should be, besides OSError and RuntimeError.
Any other error is a fault of ours."""
AGAIN = "Remove it and run `dvc repro -f -s download`."
OF_THE_SYSTEM = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE)
"""Errors that say nothing of an archive."""
TWICE = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY)


class Locked(Exception):
    """An archive needs a password; perhaps nobody needs its files."""


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
    except DAMAGED as error:
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


def refuse_name(name: str, archive: Path | str) -> None:
    """Raises Refusal for an entry of an `unfit_name`."""
    if (why := unfit_name(name)) is not None:
        shown = shortened(name, 60)
        raise Refusal(f"{archive}: the entry `{shown}` {why}. Do not trust this archive; nothing was read.")


def unfit_name(name: str) -> str | None:
    """Why there cannot be an entry of this name: its path would leave the folder it is extracted into, or no disk takes
    it, and a pattern of the card would look at it for very long."""
    path = name.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/"):
        return "leaves the folder"
    if len(path) > LONGEST_PATH or path.count("/") > DEEPEST_PATH:
        return f"has a path of {len(path):,} characters, {path.count('/'):,} folders deep"
    return None


def entries_of(archive: zipfile.ZipFile, where: str) -> Iterator[zipfile.ZipInfo]:
    """The files in a zip, without its folders. Raises Refusal for an archive of too many, for one whose files overlap,
    and for an entry that would leave the folder."""
    entries, path = archive.infolist(), Path(str(archive.filename))
    refuse_entries(where, len(entries))
    refuse_overlap(where, path.stat().st_size, sum(entry.compress_size for entry in entries))
    counted = int.from_bytes(end_of_zip(path)[COUNT_IN_END], "little")
    if counted not in (len(entries) % 2**16, 2**16 - 1):  # with the largest number, 64 bits elsewhere tell it
        raise Refusal(f"{where} is damaged: it lists {len(entries):,} files, and its end says {counted:,}. {AGAIN}")
    for entry in entries:
        refuse_name(entry.filename, where)
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
