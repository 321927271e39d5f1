"""The path of each row's image: a template filled from a table's columns, and held against the archives."""

import bisect
import re
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import PurePosixPath

import pandas as pd

from foldline.archive.addresses import parse_in_array, places_of
from foldline.archive.archives import Archives
from foldline.archive.array_files import ArrayFile, open_array_file
from foldline.archive.closed_archives import closed_archives
from foldline.archive.picture_files import pictures_among
from foldline.card.templates import Piece
from foldline.files.refusal import listed

SUFFIX = re.compile(r"(?<=[^/])\.[^./]+$")


def filled(pieces: Sequence[Piece], table: pd.DataFrame) -> pd.Series:
    """A template's `pieces` (cards/templates.py) with the columns' values, a text per line of `table`."""
    texts = pd.Series("", index=table.index, dtype="str")
    for piece in pieces:
        texts = texts + piece.literal
        if piece.column is not None:
            texts = texts + _part(table[piece.column], piece)
    return texts


def _part(values: pd.Series, piece: Piece) -> pd.Series:
    if piece.part == "stem":
        # Of a path as Windows writes it, the stem is spelt as the path will be.
        values = values.str.replace("\\", "/", regex=False).str.replace(SUFFIX, "", regex=True)
    elif piece.part is not None:
        values = values.str.rpartition("_")[0 if piece.part == "head" else 2]
    if piece.character is not None:
        values = values.str.get(piece.character).fillna("")
    return values.str.zfill(piece.digits)


def with_wildcards(paths: pd.Series, names: Collection[str]) -> pd.Series:
    """For each path with `*` a line per name that fits it, in the order of names; with the index of `paths`.

    `*` stands for any text within a folder's or file's name, a suffix `.*` for those of pictures where there is one.
    A path that no name fits stays as it is.
    """
    patterns = paths[paths.str.contains("*", regex=False)]
    if patterns.empty:
        return paths
    ordered = sorted(names)
    found = {pattern: _pictures(pattern, ordered) or [pattern] for pattern in patterns.unique()}
    return paths.map(lambda path: found.get(path, path)).explode().astype("str")


def _pictures(pattern: str, ordered: Sequence[str]) -> Sequence[str]:
    names = fitting(pattern, ordered)
    return pictures_among(names) if pattern.endswith(".*") else names


def fitting(pattern: str, ordered: Sequence[str]) -> list[str]:
    """The sorted names that fit a pattern with `*`: between the first and the last one that begin as it does there are
    few, however many names there are."""
    start = pattern[: pattern.index("*")]
    first = bisect.bisect_left(ordered, start)
    last = bisect.bisect_right(ordered, start + chr(0x10FFFF))
    fits = re.compile("[^/]*".join(re.escape(text) for text in pattern.split("*"))).fullmatch
    return [name for name in ordered[first:last] if fits(name)]


def missing_files(paths: pd.Series, archives: Archives) -> pd.Series:
    """Of each picture (tables/addresses.py) the first file that the archives do not hold, else the empty text."""
    holds = _Contents(archives).holds
    absent = [next((place for place in places_of(path) if not holds(place)), "") for path in paths]
    return pd.Series(absent, index=paths.index, dtype="str")


def describe_absence(lines: pd.DataFrame, archives: Archives, fact: str) -> str:
    """Says of a part of a layout that not a single one of its images is there; else it is the empty text.

    lines: row_id, missing, as `missing_files` gives it. fact: where the card has the part.
    """
    if (lines["missing"] == "").any():
        return ""
    path = lines["missing"].iloc[0]
    return (
        f"The card's {fact}: none of its {len(lines)} images is there. The path gives `{path}` for the id "
        f"`{lines['row_id'].iloc[0]}`, while the archives hold {listed(_nearest(path, archives.names), 4)}."
        f"{closed_archives(archives.names)}"
    )


class _Contents:
    """What lies in the archives, and in the files of arrays there."""

    def __init__(self, archives: Archives) -> None:
        self.archives = archives
        self._arrays: dict[str, ArrayFile] = {}

    def holds(self, place: str) -> bool:
        if place in self.archives:
            return True
        in_array = parse_in_array(place)
        if in_array is None or in_array.file not in self.archives:
            return False
        if in_array.file not in self._arrays:
            self._arrays[in_array.file] = open_array_file(self.archives.file(in_array.file), in_array.file)
        return self._arrays[in_array.file].holds(in_array.name, in_array.row)


def _nearest(path: str, names: Collection[str]) -> list[str]:
    """Files of the same name in another folder or with another suffix, else in the folder that is there of those on the
    way, else of the same suffix, else any; folder by folder where there are several."""
    tried = PurePosixPath(path)
    alike = (
        lambda name: PurePosixPath(name).stem == tried.stem,
        *(partial(_lies_in, folder=f"{folder}/") for folder in tried.parents[:-1]),
        lambda name: PurePosixPath(name).suffix == tried.suffix,
        lambda name: True,
    )
    found = next(found for is_alike in alike if (found := [name for name in names if is_alike(name)]))
    folders = one_per_folder(found)
    return folders if len(folders) > 1 else found


def _lies_in(name: str, folder: str) -> bool:
    return name.startswith(folder)


def one_per_folder(names: Collection[str]) -> list[str]:
    """The first name of each folder."""
    firsts: dict[str, str] = {}
    for name in names:
        firsts.setdefault(name.rpartition("/")[0], name)
    return list(firsts.values())
