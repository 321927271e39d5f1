"""The files of a competition by name, wherever they lie: loose, or in the archives that Kaggle serves."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from posixpath import dirname, splitext
from typing import Annotated

from pydantic import AfterValidator

from foldline.archive.damage import two_of_one_name, unfit_name
from foldline.archive.encodings import Undecided
from foldline.archive.finder import Entry, Finder
from foldline.files.refusal import Refusal, listed, shortened
from foldline.files.whole_files import read_json, write_json
from foldline.params.section import Section, parse

Holder = tuple[object, ...]


def _within(name: str) -> str:
    if (why := unfit_name(name)) is not None:
        raise ValueError(f"the name `{shortened(name, 60)}` {why}")
    return name


class ArchiveFile(Section):
    name: Annotated[str, AfterValidator(_within)]
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
    """Reads entries without extracting them. Open one per process: a zip's file position must not be shared.

    Nested archives, and those that are not zips, are unpacked once for all processes (unpacking.py).
    Where sibling archives hold the same path, all their entries are known as `<archive without suffix>/<path>`;
    where an archive holds a path that exists outside of it as well, that entry alone is.
    """

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        """`files`: the names in `folder`, as the manifest lists them. Raises Refusal for one that is missing, damaged,
        or holds an entry that would leave the folder."""
        self.folder = folder
        self._open = ExitStack()
        self._finder = Finder(folder, self._open)
        self.said = self._finder.said
        """Of each table that was read what a person should know of it: how many rows it has, and what is odd; and of
        each zip with names that it does not mark what these were read as."""
        self._arrays: dict[str, dict[str, Entry]] = {}
        self.elsewhere: dict[str, str] = {}
        """What was asked for by a path that lies at another one (locating.py), by that path."""
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            known = dict.fromkeys(files)  # which is asked for each name
            self._entries = _by_name(folder, [entry for name in files for entry in self._finder.found_in(name, known)])
            self._finder.unpacked.drop_stale()
            on_failure.pop_all()
        self.unmarked: Mapping[str, str] = self._finder.unmarked
        """Of names that their zip does not mark as UTF-8 what they were read as."""
        self.undecided: Undecided | None = self._finder.undecided
        """Why it is not known what some of these are written in."""

    def __enter__(self) -> "Archives":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Every file's path, with `/`, in the order of the archives. An .npz counts as one file."""
        return tuple(self._entries)

    def names_in_own_folders(self) -> dict[str, str]:
        """The names of files in archives, by what they would be if each archive lay extracted in a folder of its own
        name."""
        return {_below_its_archive(entry): name for name, entry in self._entries.items() if entry.above}

    def others_called(self, name: str) -> list[str]:
        """The names of files that are called as `name` is within an archive, and were told apart from it."""
        return [other for other, entry in self._entries.items() if entry.path == name != other]

    def __contains__(self, name: str) -> bool:
        """Whether there is such a file; the arrays of `train.npz` are `train.npz/images.npy` and so on."""
        return name in self._entries or self._array(name) is not None

    def read(self, name: str) -> bytes:
        """Raises Refusal when there is no such file, or when it is damaged or cannot be unpacked."""
        return self._finder.content(self._entry(name))

    def size(self, name: str) -> int:
        """In bytes. Raises Refusal when there is no such file."""
        entry = self._entry(name)
        if entry.archive is None:
            return Path(entry.within).stat().st_size
        return entry.archive.getinfo(entry.within).file_size

    def file(self, name: str) -> Path:
        """Where `name` lies on disk, unpacked if need be, for readers that seek in it. Raises what `read` does."""
        return self._finder.file_of(self._entry(name))

    def _entry(self, name: str) -> Entry:
        entry = self._entries.get(name) or self._array(name)
        if entry is None:
            raise Refusal(f"{self.folder}: there is no file `{name}`. Found {listed(self._entries)}.")
        return entry

    def _array(self, name: str) -> Entry | None:
        """The array `name` in an .npz, which is opened only when a path leads into it: images may be such files."""
        within, found, _ = name.rpartition("/")
        if not found or not within.lower().endswith(".npz") or within not in self._entries:
            return None
        if within not in self._arrays:
            self._arrays[within] = {entry.path: entry for entry in self._finder.arrays_in(self._entries[within])}
        return self._arrays[within].get(name)


def open_archives(manifest: Path) -> Archives:
    """The files that the manifest lists, next to it. Raises Refusal as `Archives` does."""
    return Archives(manifest.parent, read_manifest(manifest).names)


def _by_name(folder: Path, entries: Sequence[Entry]) -> dict[str, Entry]:
    """Raises Refusal where two entries would have the same name."""
    holders = _of_shared_paths(entries)
    # All entries of these get their archive's name: else 2.png, which train alone has, would stand next to train/1.png.
    together = {
        holder for several in map(frozenset, holders.values()) for holder in several if _next_to(holder, several)
    }
    named: dict[str, Entry] = {}
    for entry in entries:
        is_told_apart = entry.above in together or any(
            len(other) < len(entry.above) for other in holders.get(entry.path, ()) if other not in together
        )
        name = _below_its_archive(entry) if is_told_apart else entry.path
        other = named.setdefault(name, entry)
        if (other.archive, other.within) != (entry.archive, entry.within) and not _are_copies(other, entry):
            if other.above == entry.above:  # spelt `./a.jpg` and `a.jpg`
                raise two_of_one_name(f"{folder / entry.way}", name)
            raise Refusal(
                f"{folder}: two files would be called `{name}`, in {other.way} and in {entry.way}. "
                "Unpack one of these archives by hand into a folder of its own, and take the competition's files by "
                "`foldline download --from FOLDER`."
            )
    return named


def _of_shared_paths(entries: Sequence[Entry]) -> dict[str, set[Holder]]:
    """Paths found in several archives, with the identities of these; a file outside of any archive is in `()`. Copies
    of one file, such as a licence in each archive, count once."""
    first: dict[str, Entry] = {}
    shared: dict[str, set[Holder]] = {}
    for entry in entries:
        other = first.setdefault(entry.path, entry)
        if other.above != entry.above and not _are_copies(other, entry):
            shared.setdefault(entry.path, {other.above}).add(entry.above)
    return shared


def _are_copies(one: Entry, other: Entry) -> bool:
    """By the checksums in their zips; False where one lies in no zip."""
    if one.archive is None or other.archive is None:
        return False
    first, second = one.archive.getinfo(one.within), other.archive.getinfo(other.within)
    return (first.CRC, first.file_size) == (second.CRC, second.file_size)


def _next_to(holder: Holder, others: Collection[Holder]) -> bool:
    """Whether one of `others` neither lies in `holder` nor contains it."""
    return any(other[: len(holder)] != holder[: len(other)] for other in others)


def _below_its_archive(entry: Entry) -> str:
    """As if its archive had been extracted into a folder of its name. Plain strings: there may be millions."""
    return f"{splitext(entry.source)[0].removesuffix('.tar')}/{entry.path[len(dirname(entry.source)) :].lstrip('/')}"
