"""What the downloads contain: every file, including those in archives, and how to read each."""

import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from posixpath import dirname, join, normpath, splitext
from typing import cast

from foldline.archive import zip_names
from foldline.archive.budgets import (
    DEEPEST,
    ENTRY_BYTES,
    refuse_archives,
    refuse_bomb,
    refuse_without_memory,
    refuse_without_room,
)
from foldline.archive.containers import HEAD_BYTES, SUFFIXES, container_kind, end_of_zip
from foldline.archive.damage import AGAIN, Locked, entries_of, refuse_entry, refusing_damage, two_of_one_name
from foldline.archive.encodings import Undecided
from foldline.archive.junk import is_junk
from foldline.archive.unpacking import Unpacked, copy_stream, extract, join_parts, parts_of
from foldline.files.refusal import Refusal, listed

NEVER_OPENED = (".npz", ".xlsx", ".docx", ".pptx", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".npy", ".dcm")
"""A single file to a person, though some are zips; there may be many images, and opening each takes time."""
FEW = 20
"""Up to so many files without suffix and folder are opened in a download: an archive may be called `train`."""


@dataclass(frozen=True)
class Entry:
    path: str
    """As if each archive had been extracted where it lies."""
    archive: zipfile.ZipFile | None
    """None for a file on the disk."""
    within: str
    """The name in `archive`, or the path of a file."""
    source: str
    """The path of its archive; its own where it lies in none."""
    identity: tuple[object, ...]
    """What it is unpacked under: the archives on the way to it, the download by size and modification time."""
    above: tuple[object, ...]
    """The identity of its archive; empty where it lies in none."""

    @property
    def way(self) -> str:
        """The archives that it lies in, outermost first."""
        return " > ".join(part for part in self.above if isinstance(part, str)) or "no archive"

    def holding(self, path: str, archive: zipfile.ZipFile | None, within: str) -> "Entry":
        """An entry of this archive."""
        step = path if archive is None else within
        return Entry(path, archive, within, self.path, (*self.identity, step), self.identity)


class Finder:
    """Opens archives, nested ones too; zips stay open until `zips` is closed."""

    def __init__(self, folder: Path, zips: ExitStack) -> None:
        self.folder = folder
        self.unpacked = Unpacked(folder)
        self._open = zips
        self._nested, self._zips = 0, 0
        self._packed: dict[object, int] = {}
        self._unpacked: Counter[object] = Counter()
        """Bytes of each download, and of all that was unpacked from it."""
        self.said: dict[str, tuple[str, ...]] = {}
        self.unmarked: dict[str, str] = {}
        self.undecided: Undecided | None = None

    def found_in(self, name: str, files: Collection[str]) -> Iterator[Entry]:
        """All files in the download `name`, one of `files`, or itself. Raises Refusal for a damaged or hostile one.

        The parts of a split archive are joined when its first one is asked for; the others contain nothing.
        """
        whole, parts = (name, []) if is_junk(name) else parts_of(name, files, str(self.folder))
        if not parts:
            return
        paths, is_split = [existing(self.folder, part) for part in parts], whole != name
        name = whole
        stats = [path.stat() for path in paths]
        identity = (name, *(number for stat in stats for number in (stat.st_size, stat.st_mtime_ns)))
        self._packed[name] = sum(stat.st_size for stat in stats)
        path, where = paths[0], str(self.folder / name)
        if is_split:
            joined = self.unpacked.folder(identity, where, lambda folder: join_parts(paths, folder / "content", where))
            path = joined / "content"
        yield from self._opened(Entry(name, None, str(path), name, identity, ()), 1)

    def _opened(self, entry: Entry, depth: int, is_bare: bool = False) -> Iterator[Entry]:
        """The entries of an archive, or the file itself when it is not one. is_bare: an archive without a suffix."""
        suffix, where = splitext(entry.path)[1].lower(), self.where(entry)
        if suffix in NEVER_OPENED or (depth > 1 and suffix not in SUFFIXES and not is_bare):
            yield entry
            return
        if depth > DEEPEST:
            raise Refusal(f"{where}: archives are nested more than {DEEPEST} deep. Do not trust this archive.")
        path = self.file_of(entry)
        if entry.archive is not None:
            self._count(entry, [path])
        kind = container_kind(_head(path), suffix)
        # The last part of a split zip (.z01, .z02) ends as a whole one does: it stays unopened, and is not damaged.
        if kind is None and suffix == ".zip" and not end_of_zip(path):
            raise Refusal(f"{where} is not a zip archive. {AGAIN}")
        if kind is None:
            yield entry
            return
        self._nested, self._zips = self._nested + (depth > 1), self._zips + (kind == "zip")
        refuse_archives(where, self._nested, self._zips)
        if kind == "zip":
            yield from self._zipped(entry, path, depth)
        else:
            identity = [entry.identity, kind]
            try:
                packed_bytes = self._packed[entry.identity[0]]
                folder = self.unpacked.folder(
                    identity, where, lambda partial: extract(path, kind, partial, where, packed_bytes)
                )
            except Locked:
                yield entry  # refused by whoever needs a file of it: containers.unopened_archives
                return
            yield from self._extracted(entry, folder, depth)

    def arrays_in(self, npz: Entry) -> Iterator[Entry]:
        """The arrays in an .npz: `train.npz/images.npy` and so on. Raises Refusal when it is damaged."""
        archive = self._zip(npz, self.file_of(npz))
        for name, times in Counter(archive.namelist()).items():
            if times > 1:
                raise two_of_one_name(self.where(npz), name)
            yield npz.holding(f"{npz.path}/{name}", archive, name)

    def _zip(self, entry: Entry, path: Path) -> zipfile.ZipFile:
        with refusing_damage(self.where(entry)):
            return self._open.enter_context(zipfile.ZipFile(path))

    def _zipped(self, entry: Entry, path: Path, depth: int) -> Iterator[Entry]:
        archive, where = self._zip(entry, path), self.where(entry)
        # Paths as plain strings here: there may be millions, and pathlib takes three times as long as reading the zip.
        parent, bare = dirname(entry.path), _bare_archives(archive) if depth == 1 else ()
        codec = self._codec(archive, where)
        for information in entries_of(archive, where):
            name, is_unmarked = information.filename, codec is not None and zip_names.is_unmarked(information)
            if codec is not None and is_unmarked:
                name = zip_names.respelled(name, zip_names.READ_AS, codec)
            inner = normpath(join(parent, name.replace("\\", "/")))
            if codec is not None and is_unmarked:
                self.unmarked[inner] = codec
            if not is_junk(inner):
                found = entry.holding(inner, archive, information.filename)
                yield from self._opened(found, depth + 1, information.filename in bare)

    def _codec(self, archive: zipfile.ZipFile, where: str) -> str | None:
        """Of names that a zip does not mark; None where it has none."""
        names = zip_names.unmarked_in(archive)
        if not names:
            return None
        codec, undecided = zip_names.codec_of(names)
        if undecided is not None:
            self.undecided = undecided
            self.said[where] = (f"names that are not marked as UTF-8: their text {undecided.found}",)
        elif codec != "utf-8":
            shown = dict.fromkeys(name for name in names.decode(codec).split("\n"))
            self.said[where] = (f"names that are not marked as UTF-8, read as {codec}: {listed(shown, 3)}",)
        return codec

    def _extracted(self, entry: Entry, folder: Path, depth: int) -> Iterator[Entry]:
        place = PurePosixPath(entry.path)
        if (folder / "content").is_file():  # a compressed file, which has no name of its own
            is_tar = container_kind(_head(folder / "content"), "") == "tar"
            kept = str(place.with_suffix("") if place.suffix.lower() in SUFFIXES else place)
            names = {f"{kept.removesuffix('.tar')}.tar" if is_tar else kept: folder / "content"}
        else:
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            names = {str(place.parent / path.relative_to(folder).as_posix()): path for path in files}
        self._count(entry, names.values())
        for name, path in names.items():
            if not is_junk(name):
                yield from self._opened(entry.holding(name, None, str(path)), depth + 1)

    def _count(self, entry: Entry, unpacked: Iterable[Path]) -> None:
        """Raises Refusal where a download has become too much, however many archives in archives that took."""
        download = entry.identity[0]
        self._unpacked[download] += sum(max(path.stat().st_size, ENTRY_BYTES) for path in unpacked)
        refuse_bomb(str(self.folder / str(download)), self._packed[download], self._unpacked[download])

    def content(self, entry: Entry) -> bytes:
        """Raises Refusal when it is damaged or cannot be unpacked."""
        if entry.archive is None:
            refuse_without_memory(self.where(entry), Path(entry.within).stat().st_size)
            return Path(entry.within).read_bytes()
        information, where = entry.archive.getinfo(entry.within), self.where(entry)
        refuse_entry(information, where)
        refuse_without_memory(where, information.file_size)
        with refusing_damage(where):
            return entry.archive.read(information)

    def file_of(self, entry: Entry) -> Path:
        """On disk, unpacked if need be."""
        if entry.archive is None:
            return Path(entry.within)
        archive, where = entry.archive, self.where(entry)

        def unpack(folder: Path) -> None:
            information = archive.getinfo(entry.within)
            refuse_entry(information, where)
            refuse_without_room(folder, information.file_size, where)
            with archive.open(information) as packed:
                copy_stream(cast(BufferedIOBase, packed), folder / "content", information.compress_size, where)

        return self.unpacked.folder(entry.identity, where, unpack) / "content"

    def where(self, entry: Entry) -> str:
        """What messages call it."""
        if not entry.above:
            return join(self.folder, entry.source)
        return f"{join(self.folder, entry.way)}: `{entry.path}`"


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
    except Exception:
        return b""  # damaged or locked: refused when it is asked for


def is_zip(path: Path) -> bool:
    """Whether a download is opened as one, which a damaged one is, too; the last part of a split one is not."""
    suffix = path.suffix.lower()
    kind = container_kind(_head(path), suffix)
    is_damaged = kind is None and suffix == ".zip" and not end_of_zip(path)
    return suffix not in NEVER_OPENED and (kind == "zip" or is_damaged)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
