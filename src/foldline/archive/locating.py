"""A card's paths with or without the folders that an archive may carry, or lack.

`train/1.jpg` lies as `1.jpg` in a train.zip that was made within the folder, and as `home/me/train/1.jpg` in one that
was made outside. Only where not one of a part's paths is there as written is another place looked for; one folder has
to explain all of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from posixpath import dirname

import pandas as pd

from foldline.archive.addresses import parse_in_array
from foldline.archive.archives import Archives
from foldline.archive.file_names import matching, regular
from foldline.files.refusal import Refusal, listed

LOOKED_FOR = 20
"""Paths by which a folder is found, from all over a part's."""


@dataclass(frozen=True)
class Folder:
    """What stands before a card's paths and not in the archives (`missing`), or the other way round (`further`)."""

    missing: str = ""
    further: str = ""

    def there(self, path: str) -> str:
        """The path by which the archives have it."""
        return self.further + path.removeprefix(self.missing)

    def __str__(self) -> str:
        return f"without `{self.missing}`" if self.missing else f"in `{self.further}`" if self.further else ""


AS_WRITTEN = Folder()


def folder_of(paths: Sequence[str], archives: Archives, fact: str) -> Folder:
    """Where all of `paths` (with `*`: patterns) lie; as written where one of them is there, or none is anywhere.

    fact: what names them, for the message. Raises Refusal where they may lie in several places.
    """
    ordered: Sequence[str] = sorted(archives.names) if any("*" in path for path in paths) else ()
    if not paths or _one_there(paths, archives, ordered):
        return AS_WRITTEN
    some = paths[:: max(1, len(paths) // LOOKED_FOR)]
    shorter = ((folder, _one_there(list(map(folder.there, some)), archives, ordered)) for folder in _shorter(some))
    folders = {folder: path for folder, path in shorter if path is not None}
    for folder, path in _longer(some, archives.names):
        folders.setdefault(folder, folder.there(path))
    if len(folders) > 1:
        raise Refusal(
            f"{fact} gives `{some[0]}`, which {archives.folder} does not hold, while several files could be meant: "
            f"{listed(folders.values(), 4)}. Write the whole path in the card."
        )
    return next(iter(folders), AS_WRITTEN)


def located(paths: pd.Series, archives: Archives, fact: str) -> tuple[pd.Series, Folder]:
    """`paths` as the archives have them, and where they lie. Raises what `folder_of` does."""
    folder = folder_of(paths.unique().tolist(), archives, f"The card's {fact}")
    return (paths.map(folder.there).astype("str") if folder != AS_WRITTEN else paths), folder


def located_file(archives: Archives, name: str) -> str:
    """The path of the one file that a card calls `name`; `name` itself where there is none. Raises what `folder_of`
    does."""
    found = folder_of([name], archives, "The card").there(name)
    if found != name:
        archives.elsewhere[name] = found
    return found


def fitting(pattern: re.Pattern[str], archives: Archives, fact: str) -> tuple[list[tuple[re.Match[str], str]], Folder]:
    """The matches of all files whose path fits `pattern`, with their names, and where these lie. Raises Refusal where
    they may lie in several places."""
    found = [(match, match.string) for match in map(pattern.fullmatch, archives.names) if match]
    if found:
        return found, AS_WRITTEN
    own = archives.names_in_own_folders()
    found = [(match, own[match.string]) for match in map(pattern.fullmatch, own) if match]
    if found:
        match, name = found[0]
        return found, Folder(missing=match.string.removesuffix(name))
    below: dict[str, list[tuple[re.Match[str], str]]] = defaultdict(list)
    for name in archives.names:
        for slash in re.finditer("/", name):
            if match := pattern.fullmatch(name, slash.end()):
                below[name[: slash.end()]].append((match, name))
    if len(below) > 1:
        raise Refusal(
            f"{fact}: no file fits {pattern.pattern!r}, while some do below each of several folders: "
            f"{listed(below, 4)}. The whole path must fit: write the folder in the card."
        )
    return next(((matches, Folder(further=folder)) for folder, matches in below.items()), ([], AS_WRITTEN))


def _one_there(paths: Iterable[str], archives: Archives, ordered: Sequence[str]) -> str | None:
    """One of them that is there."""
    files = dict.fromkeys(map(_file, paths))
    patterns = (pattern for pattern, _ in matching([file for file in files if "*" in file], ordered))
    return next(chain((file for file in files if "*" not in file and file in archives), patterns), None)


def _file(path: str) -> str:
    """That of an image in a file of arrays, too."""
    in_array = parse_in_array(path)
    return path if in_array is None else in_array.file


def _shorter(paths: Sequence[str]) -> Iterator[Folder]:
    """Without the first folders, those that all of the paths begin with."""
    folders = dirname(min(paths, key=len)).split("/")
    for depth in range(1, len(folders) + 1):
        start = "/".join(folders[:depth]) + "/"
        if "*" not in start and all(path.startswith(start) for path in paths):
            yield Folder(missing=start)


def _longer(paths: Sequence[str], names: Iterable[str]) -> Iterator[tuple[Folder, str]]:
    """Below folders of the archives, each with one of the paths that lie there."""
    files = {_file(path): path for path in paths}
    by_pattern = {regular(file) if "*" in file else re.escape(file): path for file, path in files.items()}
    fits = re.compile(rf"(.*/)(?:{'|'.join(f'({pattern})' for pattern in by_pattern)})").fullmatch
    found = list(by_pattern.values())
    for match in filter(None, map(fits, names)):
        yield Folder(further=match[1]), found[(match.lastindex or 2) - 2]
