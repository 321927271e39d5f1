"""The files of a competition by name, wherever they lie: loose, or in the archives that Kaggle serves."""

import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType

from foldline.refusal import Refusal, listed

DEEPEST = 4
"""Archives within archives, before something is wrong."""
NOT_TO_BE_OPENED = (".npz", ".xlsx", ".docx", ".pptx")
"""Zips that are one file to a person."""
LARGEST_EXPANSION = 1_000
BOMB_BYTES = 2**28
"""Only what grows a thousandfold into more than this is taken for an attack: a black picture may shrink so far."""
AGAIN = "Remove it and run `dvc repro -f -s download`."


@dataclass(frozen=True)
class _Member:
    path: str
    """As if each archive had been extracted where it lies."""
    archive: zipfile.ZipFile | None
    """None for a loose file."""
    within: str
    """The name in `archive`, or in the folder of a loose file."""
    source: str
    """The archive's own name, for messages and for telling equal paths apart."""


class Archives:
    """Reads members without extracting them. Open one per process: a zip's file position must not be shared.

    An archive within an archive is opened as well. One that is compressed there is unpacked to a temporary file first.
    Where several archives hold the same path, its members are known as `<archive without suffix>/<path>`.
    """

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        """`files`: the names in `folder`, as the manifest lists them. Raises Refusal for one that is missing, damaged,
        or holds a member that would leave the folder."""
        self.folder = folder
        self._open = ExitStack()
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._members = _by_path([member for name in files for member in self._found_in(name)])
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
        if name not in self._members:
            raise Refusal(f"{self.folder}: there is no file `{name}`. Found {listed(self._members)}.")
        member = self._members[name]
        if member.archive is None:
            return (self.folder / member.within).read_bytes()
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
            raise Refusal(
                f"{self.folder / member.source}: `{name}` cannot be unpacked here ({error}). "
                "Unpack the archive by hand and zip it anew, by deflate and without a password."
            ) from None

    def _found_in(self, name: str) -> Iterator[_Member]:
        path = existing(self.folder, name)
        suffix = path.suffix.lower()
        if suffix not in NOT_TO_BE_OPENED and (suffix == ".zip" or zipfile.is_zipfile(path)):
            yield from self._members_of(_opened(path, str(path), self._open), PurePosixPath(name), 1)
        else:
            yield _Member(name, None, name, name)

    def _members_of(self, archive: zipfile.ZipFile, place: PurePosixPath, depth: int) -> Iterator[_Member]:
        where = self.folder / place
        if depth > DEEPEST:
            raise Refusal(f"{where}: archives lie more than {DEEPEST} deep in each other. Do not trust this archive.")
        for information in archive.infolist():
            refuse_leaving(information.filename, where)
            path = place.parent / information.filename.replace("\\", "/")
            if information.is_dir() or path.parts[0] == "__MACOSX":
                continue
            if path.suffix.lower() == ".zip":
                yield from self._members_of(self._inner(archive, information, where), path, depth + 1)
            else:
                yield _Member(str(path), archive, information.filename, str(place))

    def _inner(self, archive: zipfile.ZipFile, information: zipfile.ZipInfo, where: Path) -> zipfile.ZipFile:
        unpacked = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
        try:
            with archive.open(information) as packed:
                shutil.copyfileobj(packed, unpacked, 2**20)
        except (zipfile.BadZipFile, EOFError, zlib.error) as error:
            raise Refusal(f"{where}: `{information.filename}` is damaged ({error}). {AGAIN}") from None
        return _opened(unpacked, f"{where}: `{information.filename}`", self._open)


def existing(folder: Path, name: str) -> Path:
    """The file `name` of the manifest. Raises Refusal when it is not there."""
    path = folder / name
    if not path.is_file():
        raise Refusal(f"{path} does not exist, but the manifest lists it. Run `dvc repro -f -s download`.")
    return path


def _opened(file: object, where: str, stack: ExitStack) -> zipfile.ZipFile:
    try:
        return stack.enter_context(zipfile.ZipFile(file))  # type: ignore[arg-type]
    except zipfile.BadZipFile as error:
        raise Refusal(f"{where} is not a whole zip archive ({error}). {AGAIN}") from None


def _by_path(members: Sequence[_Member]) -> dict[str, _Member]:
    holders = Counter(path for path, _ in {(member.path, member.source) for member in members})
    return {_told_apart(member) if holders[member.path] > 1 else member.path: member for member in members}


def _told_apart(member: _Member) -> str:
    if member.archive is None:
        return member.path
    return str(PurePosixPath(member.source).with_suffix("") / PurePosixPath(member.path).name)


def refuse_leaving(name: str, archive: Path) -> None:
    """Raises Refusal for a member's path that would leave the folder it is extracted into."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts:
        raise Refusal(f"{archive}: the member `{name}` leaves the folder. Do not trust this archive; nothing was read.")
