"""The files of a competition by name, wherever they lie: loose, or in the archives that Kaggle serves."""

import lzma
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import cast

from foldline.refusal import Refusal, listed
from foldline.unpacking import (
    AGAIN,
    BOMB_BYTES,
    HEAD_BYTES,
    LARGEST_EXPANSION,
    SUFFIXES,
    Unpacked,
    container_kind,
    copy_stream,
    extract,
    refuse_leaving,
)

DEEPEST = 4
"""Archives within archives, before something is wrong."""
NEVER_OPENED = (".npz", ".xlsx", ".docx", ".pptx", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".npy", ".dcm")
"""One file to a person, zips among them; pictures are many, and looking into each takes time."""
SPLIT = re.compile(r"(?P<whole>.+)\.\d{3}")
"""The parts of an archive that is split: train.zip.001, train.zip.002."""


@dataclass(frozen=True)
class _Member:
    path: str
    """As if each archive had been extracted where it lies."""
    archive: zipfile.ZipFile | None
    """None for a file on the disk."""
    within: str
    """The name in `archive`, or the path of a file."""
    source: str
    """The archive's own name, for messages and for telling equal paths apart."""
    identity: tuple[object, ...]
    """What it is unpacked under: the archives on the way to it, the download by size and time of change."""


class Archives:
    """Reads members without extracting them. Open one per process: a zip's file position must not be shared.

    An archive within an archive, and every one that is no zip, is unpacked once for all processes (unpacking.py).
    Where several archives hold the same path, its members are known as `<archive without suffix>/<path>`.
    """

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        """`files`: the names in `folder`, as the manifest lists them. Raises Refusal for one that is missing, damaged,
        or holds a member that would leave the folder."""
        self.folder = folder
        self._unpacked = Unpacked(folder)
        self._open = ExitStack()
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._members = _by_path([member for name in files for member in self._found_in(name, files)])
            self._unpacked.drop_stale()
            on_failure.pop_all()

    def __enter__(self) -> "Archives":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Every file's path, with `/`, in the order of the archives."""
        return tuple(self._members)

    def read(self, name: str) -> bytes:
        """Raises Refusal when there is no such file, or when it is damaged or cannot be unpacked."""
        member = self._member(name)
        if member.archive is None:
            return Path(member.within).read_bytes()
        information = member.archive.getinfo(member.within)
        if information.file_size > max(BOMB_BYTES, LARGEST_EXPANSION * information.compress_size):
            raise Refusal(
                f"{self.folder / member.source}: `{name}` unpacks {information.compress_size:,} bytes to "
                f"{information.file_size:,}. Do not trust this archive; the member was not read."
            )
        try:
            return member.archive.read(information)
        except (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            raise Refusal(f"{self.folder / member.source}: `{name}` is damaged ({error}). {AGAIN}") from None
        except (NotImplementedError, RuntimeError) as error:
            raise self._locked(name, member, error) from None

    def file(self, name: str) -> Path:
        """Where `name` lies on the disk, unpacked if need be, for readers that jump in it. Raises what `read` does."""
        return self._file_of(self._member(name))

    def _member(self, name: str) -> _Member:
        if name not in self._members:
            raise Refusal(f"{self.folder}: there is no file `{name}`. Found {listed(self._members)}.")
        return self._members[name]

    def _found_in(self, name: str, files: Sequence[str]) -> Iterator[_Member]:
        path = existing(self.folder, name)
        identity = (name, path.stat().st_size, path.stat().st_mtime_ns)
        split = SPLIT.fullmatch(name)
        if split is None:
            yield from self._opened(_Member(name, None, str(path), name, identity), 1)
        elif name.endswith(".001"):
            parts = [part for part in sorted(files) if (found := SPLIT.fullmatch(part)) and found["whole"] == split[1]]
            whole = self._joined(parts, split["whole"])
            yield from self._opened(_Member(split["whole"], None, str(whole), name, (*identity, parts)), 1)

    def _joined(self, parts: Sequence[str], name: str) -> Path:
        paths = [existing(self.folder, part) for part in parts]

        def join(folder: Path) -> None:
            with (folder / "content").open("wb") as file:
                for path in paths:
                    file.write(path.read_bytes())

        identity = [name, *((path.stat().st_size, path.stat().st_mtime_ns) for path in paths)]
        return self._unpacked.folder(identity, str(self.folder / name), join) / "content"

    def _opened(self, member: _Member, depth: int) -> Iterator[_Member]:
        """The members of an archive, or the member itself when it is none."""
        suffix, where = PurePosixPath(member.path).suffix.lower(), str(self.folder / member.source)
        if suffix in NEVER_OPENED or (depth > 1 and suffix not in SUFFIXES):
            yield member
            return
        if depth > DEEPEST:
            raise Refusal(f"{where}: archives lie more than {DEEPEST} deep in each other. Do not trust this archive.")
        path = self._file_of(member)
        kind = container_kind(_head(path), suffix)
        named = where if depth == 1 else f"{where}: `{member.within}`"
        if kind is None and suffix == ".zip":
            raise Refusal(f"{named} is not a whole zip archive (no archive at all). {AGAIN}")
        if kind is None:
            yield member
        elif kind == "zip":
            yield from self._zipped(member, path, named, depth)
        else:
            folder = self._unpacked.folder(
                [member.identity, kind], named, lambda partial: extract(path, kind, partial, named)
            )
            yield from self._extracted(member, folder, depth)

    def _zipped(self, member: _Member, path: Path, named: str, depth: int) -> Iterator[_Member]:
        try:
            archive = self._open.enter_context(zipfile.ZipFile(path))
        except zipfile.BadZipFile as error:
            raise Refusal(f"{named} is not a whole zip archive ({error}). {AGAIN}") from None
        parent = PurePosixPath(member.path).parent
        for information in archive.infolist():
            refuse_leaving(information.filename, named)
            inner = parent / information.filename.replace("\\", "/")
            if not information.is_dir() and inner.parts[0] != "__MACOSX":
                identity = (*member.identity, information.filename)
                found = _Member(str(inner), archive, information.filename, _source(member), identity)
                yield from self._opened(found, depth + 1)

    def _extracted(self, member: _Member, folder: Path, depth: int) -> Iterator[_Member]:
        place = PurePosixPath(member.path)
        if (folder / "content").is_file():  # a compressed file, which has no name within
            is_tar = container_kind(_head(folder / "content"), "") == "tar"
            kept = place.with_suffix("") if place.suffix.lower() in SUFFIXES else place
            names = {str(place.with_suffix(".tar") if is_tar else kept): folder / "content"}
        else:
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            names = {str(place.parent / path.relative_to(folder).as_posix()): path for path in files}
        for name, path in names.items():
            if "__MACOSX" not in PurePosixPath(name).parts:
                found = _Member(name, None, str(path), _source(member), (*member.identity, name))
                yield from self._opened(found, depth + 1)

    def _file_of(self, member: _Member) -> Path:
        if member.archive is None:
            return Path(member.within)
        archive, where = member.archive, f"{self.folder / member.source}: `{member.within}`"

        def unpack(folder: Path) -> None:
            information = archive.getinfo(member.within)
            try:
                with archive.open(information) as packed:
                    copy_stream(cast(BufferedIOBase, packed), folder / "content", information.compress_size, where)
            except (NotImplementedError, RuntimeError) as error:
                raise self._locked(member.within, member, error) from None

        return self._unpacked.folder(member.identity, where, unpack) / "content"

    def _locked(self, name: str, member: _Member, error: Exception) -> Refusal:
        return Refusal(
            f"{self.folder / member.source}: `{name}` cannot be unpacked here ({error}). "
            "Unpack the archive by hand and zip it anew, by deflate and without a password."
        )


def existing(folder: Path, name: str) -> Path:
    """The file `name` of the manifest. Raises Refusal when it is not there."""
    path = folder / name
    if not path.is_file():
        raise Refusal(f"{path} does not exist, but the manifest lists it. Run `dvc repro -f -s download`.")
    return path


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _source(member: _Member) -> str:
    return member.path if member.archive is not None else member.source


def _by_path(members: Sequence[_Member]) -> dict[str, _Member]:
    holders = Counter(path for path, _ in {(member.path, member.source) for member in members})
    return {_told_apart(member) if holders[member.path] > 1 else member.path: member for member in members}


def _told_apart(member: _Member) -> str:
    if member.path == member.source:
        return member.path
    return str(PurePosixPath(member.source).with_suffix("") / PurePosixPath(member.path).name)
