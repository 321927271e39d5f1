"""The files of a competition by name, wherever they lie: loose, or in the archives that Kaggle serves."""

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from posixpath import dirname, splitext

from foldline.archive.finder import Finder, Member
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import read_json, write_json
from foldline.params.section import Section, parse

Holder = tuple[object, ...]


class ArchiveFile(Section):
    name: str
    """Relative to the manifest's folder."""
    bytes: int
    sha256: str


class Manifest(Section):
    """`input/<slug>/manifest.json`: the downloaded files with their sizes and hashes."""

    competition: str
    files: tuple[ArchiveFile, ...]

    @property
    def names(self) -> list[str]:
        return [file.name for file in self.files]


def read_manifest(path: Path) -> Manifest:
    return parse(read_json(path), Manifest, str(path))


def write_manifest(path: Path, manifest: Manifest) -> None:
    write_json(path, manifest.model_dump())


class Archives:
    """Reads members without extracting them. Open one per process: a zip's file position must not be shared.

    An archive within an archive, and every one that is no zip, is unpacked once for all processes (unpacking.py).
    Where archives side by side hold the same path, all their members are known as `<archive without suffix>/<path>`;
    where an archive holds a path that lies outside of it as well, that member alone is.
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
            self._members = _by_name(
                folder, [member for name in files for member in self._finder.found_in(name, files)]
            )
            self._finder.unpacked.drop_stale()
            on_failure.pop_all()

    def __enter__(self) -> "Archives":
        return self

    def __exit__(self, *error: object) -> None:
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
        return self._finder.content(self._member(name))

    def size(self, name: str) -> int:
        """In bytes. Raises Refusal when there is no such file."""
        member = self._member(name)
        if member.archive is None:
            return Path(member.within).stat().st_size
        return member.archive.getinfo(member.within).file_size

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


def open_archives(manifest: Path) -> Archives:
    """The files that the manifest lists, beside it. Raises Refusal as `Archives` does."""
    return Archives(manifest.parent, read_manifest(manifest).names)


def _by_name(folder: Path, members: Sequence[Member]) -> dict[str, Member]:
    """Raises Refusal where two members would have the same name."""
    holders = _of_shared_paths(members)
    # Of these all members are told apart: else train/1.png and test/1.png would lie beside 2.png, that train alone has.
    together = {
        holder for several in map(frozenset, holders.values()) for holder in several if _beside(holder, several)
    }
    named: dict[str, Member] = {}
    for member in members:
        is_told_apart = member.above in together or any(
            len(other) < len(member.above) for other in holders.get(member.path, ()) if other not in together
        )
        name = _below_its_archive(member) if is_told_apart else member.path
        other = named.setdefault(name, member)
        if (other.archive, other.within) != (member.archive, member.within) and not _are_copies(other, member):
            raise Refusal(
                f"{folder}: two files would be called `{name}`, in {_way_to(other)} and in {_way_to(member)}. "
                "Unpack one of these archives by hand into a folder of its own, and take the competition's files by "
                "`foldline download --from FOLDER`."
            )
    return named


def _of_shared_paths(members: Sequence[Member]) -> dict[str, set[Holder]]:
    """Of each path that lies in several archives these, by their identities; a file outside of all is in `()`. Copies
    of one file, such as a licence in each archive, are one."""
    first: dict[str, Member] = {}
    shared: dict[str, set[Holder]] = {}
    for member in members:
        other = first.setdefault(member.path, member)
        if other.above != member.above and not _are_copies(other, member):
            shared.setdefault(member.path, {other.above}).add(member.above)
    return shared


def _are_copies(one: Member, other: Member) -> bool:
    """By the checksums in their zips; of files that lie in none nothing is known."""
    if one.archive is None or other.archive is None:
        return False
    first, second = one.archive.getinfo(one.within), other.archive.getinfo(other.within)
    return (first.CRC, first.file_size) == (second.CRC, second.file_size)


def _beside(holder: Holder, others: Collection[Holder]) -> bool:
    """Whether one of `others` neither lies in `holder` nor holds it."""
    return any(other[: len(holder)] != holder[: len(other)] for other in others)


def _below_its_archive(member: Member) -> str:
    """As if its archive had been extracted into a folder of its name. Plain strings: there may be millions."""
    return f"{splitext(member.source)[0].removesuffix('.tar')}/{member.path[len(dirname(member.source)) :].lstrip('/')}"


def _way_to(member: Member) -> str:
    """The archives that it lies in, the outermost first."""
    return " > ".join(part for part in member.above if isinstance(part, str)) or "no archive"
