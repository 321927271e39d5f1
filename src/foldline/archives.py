"""The files of a competition by name, wherever they lie: loose, or in the archives that Kaggle serves."""

import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from types import TracebackType

from foldline.members import Finder, Member
from foldline.refusal import Refusal, listed
from foldline.unpacking import AGAIN, BOMB_BYTES, LARGEST_EXPANSION


class Archives:
    """Reads members without extracting them. Open one per process: a zip's file position must not be shared.

    An archive within an archive, and every one that is no zip, is unpacked once for all processes (unpacking.py).
    Where several archives hold the same path, its members are known as `<archive without suffix>/<path>`.
    """

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        """`files`: the names in `folder`, as the manifest lists them. Raises Refusal for one that is missing, damaged,
        or holds a member that would leave the folder."""
        self.folder = folder
        self._open = ExitStack()
        self._finder = Finder(folder, self._open)
        self._arrays: dict[str, dict[str, Member]] = {}
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._members = _by_path([member for name in files for member in self._finder.found_in(name, files)])
            self._finder.unpacked.drop_stale()
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
        """Every file's path, with `/`, in the order of the archives. An .npz counts as one file."""
        return tuple(self._members)

    def __contains__(self, name: str) -> bool:
        """Whether there is such a file; the arrays of `train.npz` are `train.npz/images.npy` and so on."""
        return name in self._members or self._array(name) is not None

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
            raise self._finder.locked(name, member, error) from None

    def file(self, name: str) -> Path:
        """Where `name` lies on the disk, unpacked if need be, for readers that jump in it. Raises what `read` does."""
        return self._finder.file_of(self._member(name))

    def _member(self, name: str) -> Member:
        member = self._members.get(name) or self._array(name)
        if member is None:
            raise Refusal(f"{self.folder}: there is no file `{name}`. Found {listed(self._members)}.")
        return member

    def _array(self, name: str) -> Member | None:
        """The array `name` in an .npz: a zip that is looked into when a path leads there, since an image may be one."""
        within, found, _ = name.rpartition("/")
        if not found or not within.lower().endswith(".npz") or within not in self._members:
            return None
        if within not in self._arrays:
            self._arrays[within] = {member.path: member for member in self._finder.arrays_in(self._members[within])}
        return self._arrays[within].get(name)


def _by_path(members: Sequence[Member]) -> dict[str, Member]:
    holders = Counter(path for path, _ in {(member.path, member.source) for member in members})
    return {_told_apart(member) if holders[member.path] > 1 else member.path: member for member in members}


def _told_apart(member: Member) -> str:
    if member.path == member.source:
        return member.path
    return str(PurePosixPath(member.source).with_suffix("") / PurePosixPath(member.path).name)
