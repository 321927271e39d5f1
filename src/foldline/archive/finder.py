"""What the downloads contain: every file, those within archives too, and how to get at each."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from posixpath import dirname, join, normpath, splitext
from typing import cast

from foldline.archive.unpacking import (
    AGAIN,
    DAMAGES,
    FIRST,
    HEAD_BYTES,
    SUFFIXES,
    Locked,
    Unpacked,
    container_kind,
    copy_stream,
    ends_as_zip,
    extract,
    join_parts,
    refuse_bomb,
    refuse_leaving,
    refuse_without_room,
    refusing_damage,
    whole_of,
)
from foldline.files.refusal import Refusal

DEEPEST = 4
"""Archives within archives, before something is wrong."""
NEVER_OPENED = (".npz", ".xlsx", ".docx", ".pptx", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".npy", ".dcm")
"""One file to a person, zips among them; pictures are many, and looking into each takes time."""
FEW = 20
"""Files without suffix and folder in a download, up to which each is looked into: an archive may be called `train`."""
STRAY = (".ds_store", "thumbs.db", "desktop.ini")
MAC_FOLDER = "__MACOSX/"
"""Files that a person's machine leaves in archives: nobody's data."""


@dataclass(frozen=True)
class Member:
    path: str
    """As if each archive had been extracted where it lies."""
    archive: zipfile.ZipFile | None
    """None for a file on the disk."""
    within: str
    """The name in `archive`, or the path of a file."""
    source: str
    """The path of the archive that it lies in, its own where it lies in none."""
    identity: tuple[object, ...]
    """What it is unpacked under: the archives on the way to it, the download by size and time of change."""
    above: tuple[object, ...]
    """The identity of the archive that it lies in, nothing where it lies in none."""

    def holding(self, path: str, archive: zipfile.ZipFile | None, within: str) -> "Member":
        """What this archive holds."""
        step = path if archive is None else within
        return Member(path, archive, within, self.path, (*self.identity, step), self.identity)


class Finder:
    """Opens archives, however deep; zips stay open until `zips` is closed."""

    def __init__(self, folder: Path, zips: ExitStack) -> None:
        self.folder = folder
        self.unpacked = Unpacked(folder)
        self._open = zips

    def found_in(self, name: str, files: Sequence[str]) -> Iterator[Member]:
        """All that the download `name`, one of `files`, is or holds. Raises Refusal for what is damaged or hostile.

        The parts of a split archive are joined where its first one is asked for; the others hold nothing.
        """
        whole = whole_of(name)
        if whole is not None and not name.endswith(FIRST):
            return
        parts = [name] if whole is None else [part for part in sorted(files) if whole_of(part) == whole]
        paths, name = [existing(self.folder, part) for part in parts], whole or name
        stats = [path.stat() for path in paths]
        identity = (name, *(number for stat in stats for number in (stat.st_size, stat.st_mtime_ns)))
        path, where = paths[0], str(self.folder / name)
        if whole is not None:
            joined = self.unpacked.folder(identity, where, lambda folder: join_parts(paths, folder / "content", where))
            path = joined / "content"
        yield from self._opened(Member(name, None, str(path), name, identity, ()), 1)

    def _opened(self, member: Member, depth: int, is_bare: bool = False) -> Iterator[Member]:
        """The members of an archive, or the member itself when it is none. is_bare: an archive without a suffix."""
        suffix, where = splitext(member.path)[1].lower(), self.where(member)
        if suffix in NEVER_OPENED or (depth > 1 and suffix not in SUFFIXES and not is_bare):
            yield member
            return
        if depth > DEEPEST:
            raise Refusal(f"{where}: archives lie more than {DEEPEST} deep in each other. Do not trust this archive.")
        path = self.file_of(member)
        kind = container_kind(_head(path), suffix)
        # The last part of a zip that was split (.z01, .z02) ends as a whole one does: closed, not damaged.
        if kind is None and suffix == ".zip" and not ends_as_zip(path):
            raise Refusal(f"{where} is not a whole zip archive (no archive at all). {AGAIN}")
        if kind is None:
            yield member
        elif kind == "zip":
            yield from self._zipped(member, path, depth)
        else:
            identity = [member.identity, kind]
            try:
                folder = self.unpacked.folder(identity, where, lambda partial: extract(path, kind, partial, where))
            except Locked:
                yield member  # refused by whoever misses what it holds: unpacking.unopened_archives
                return
            yield from self._extracted(member, folder, depth)

    def arrays_in(self, npz: Member) -> Iterator[Member]:
        """What numpy packed into an .npz, `train.npz/images.npy` and so on. Raises Refusal when it is damaged."""
        archive = self._zip(npz, self.file_of(npz))
        for name in archive.namelist():
            yield npz.holding(f"{npz.path}/{name}", archive, name)

    def _zip(self, member: Member, path: Path) -> zipfile.ZipFile:
        try:
            return self._open.enter_context(zipfile.ZipFile(path))
        except zipfile.BadZipFile as error:
            raise Refusal(f"{self.where(member)} is not a whole zip archive ({error}). {AGAIN}") from None

    def _zipped(self, member: Member, path: Path, depth: int) -> Iterator[Member]:
        archive, where = self._zip(member, path), self.where(member)
        # Paths as plain strings here: there may be millions, and pathlib takes three times as long as reading the zip.
        parent, bare = dirname(member.path), _bare_archives(archive) if depth == 1 else ()
        for information in archive.infolist():
            refuse_leaving(information.filename, where)
            inner = normpath(join(parent, information.filename.replace("\\", "/")))
            if not information.is_dir() and not _is_stray(inner):
                found = member.holding(inner, archive, information.filename)
                yield from self._opened(found, depth + 1, information.filename in bare)

    def _extracted(self, member: Member, folder: Path, depth: int) -> Iterator[Member]:
        place = PurePosixPath(member.path)
        if (folder / "content").is_file():  # a compressed file, which has no name within
            is_tar = container_kind(_head(folder / "content"), "") == "tar"
            kept = place.with_suffix("") if place.suffix.lower() in SUFFIXES else place
            names = {str(place.with_suffix(".tar") if is_tar else kept): folder / "content"}
        else:
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            names = {str(place.parent / path.relative_to(folder).as_posix()): path for path in files}
        for name, path in names.items():
            if not _is_stray(name):
                yield from self._opened(member.holding(name, None, str(path)), depth + 1)

    def content(self, member: Member) -> bytes:
        """Raises Refusal when it is damaged or cannot be unpacked."""
        if member.archive is None:
            return Path(member.within).read_bytes()
        information, where = member.archive.getinfo(member.within), self.where(member)
        refuse_bomb(where, information.compress_size, information.file_size)
        with refusing_damage(where):
            return member.archive.read(information)

    def file_of(self, member: Member) -> Path:
        """On the disk, unpacked if need be."""
        if member.archive is None:
            return Path(member.within)
        archive, where = member.archive, self.where(member)

        def unpack(folder: Path) -> None:
            information = archive.getinfo(member.within)
            refuse_without_room(folder, information.file_size, where)
            with archive.open(information) as packed:
                copy_stream(cast(BufferedIOBase, packed), folder / "content", information.compress_size, where)

        return self.unpacked.folder(member.identity, where, unpack) / "content"

    def where(self, member: Member) -> str:
        """What messages call it."""
        within = f": `{member.path}`" if member.above else ""
        return f"{self.folder / member.source}{within}"


def _is_stray(path: str) -> bool:
    """Of a path within an archive. Plain strings: there may be millions."""
    name = path.rpartition("/")[2]
    return name.startswith("._") or name.lower() in STRAY or path.startswith(MAC_FOLDER) or f"/{MAC_FOLDER}" in path


def existing(folder: Path, name: str) -> Path:
    """The file `name` of the manifest. Raises Refusal when it is not there."""
    path = folder / name
    if not path.is_file():
        raise Refusal(f"{path} does not exist, but the manifest lists it. Run `dvc repro -f -s download`.")
    return path


def _bare_archives(archive: zipfile.ZipFile) -> list[str]:
    """The archives among the few files without folder and suffix, by their first bytes."""
    bare = [name for name in archive.namelist() if "." not in name and "/" not in name]
    return [name for name in bare if container_kind(_head_within(archive, name), "")] if len(bare) <= FEW else []


def _head_within(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as file:
            return file.read(HEAD_BYTES)
    except (*DAMAGES, NotImplementedError, RuntimeError):
        return b""  # damaged or locked: refused once it is asked for


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
