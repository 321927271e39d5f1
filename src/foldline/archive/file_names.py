"""Names of files: paths as tables write them, patterns with `*`, and which files are images."""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection, Mapping, Sequence
from posixpath import normpath, splitext
from unicodedata import normalize

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.budgets import LONGEST_PATH
from foldline.archive.encodings import IN_TEXTS, IN_ZIPS

NOT_NORMALISED = re.compile(r"^\./|/\./|//|\\|/\.\./")


def normalised_paths(paths: pd.Series, archives: Archives) -> pd.Series:
    """The same paths by the names that the archives have for them; what they do not have stays as it is."""
    unusual = paths[paths.str.contains(NOT_NORMALISED)].unique()
    paths = _changed(paths, {path: normpath(path.replace("\\", "/")) for path in unusual})
    unusual = (path for path in paths.unique() if not path.isascii() and len(path) <= LONGEST_PATH)
    absent: list[str] = [path for path in unusual if path not in archives]
    if not absent:
        return paths
    names = {normalize("NFC", name): name for name in archives.names if not name.isascii()}
    names |= _in_other_encodings(absent, archives.unmarked)
    return _changed(paths, {path: names.get(normalize("NFC", path), path) for path in absent})


def _in_other_encodings(paths: Sequence[str], unmarked: Mapping[str, str]) -> dict[str, str]:
    """A name in a zip of another country is that of a path if its bytes are the path's in one of these encodings."""
    names = {name.encode(codec, "replace"): name for name, codec in unmarked.items()}
    codecs = ("utf-8", *(encoding.codec for encoding in (*IN_ZIPS, *IN_TEXTS))) if names else ()
    tried = ((path, path.encode(codec, "replace")) for path in paths for codec in codecs)
    return {normalize("NFC", path): names[content] for path, content in tried if content in names}


def _changed(paths: pd.Series, others: dict[str, str]) -> pd.Series:
    changed = paths.isin(list(others))
    return paths.where(~changed, paths.map(others)).astype("str") if others else paths


def expanded_paths(paths: pd.Series, names: Collection[str]) -> pd.Series:
    """For each path with `*` a row per name that fits it, in the order of names; with the index of `paths`.

    `*` stands for any text within a folder's or file's name, a suffix `.*` for those of images where there is one.
    A path that no name fits stays as it is.
    """
    patterns = paths[paths.str.contains("*", regex=False)]
    if patterns.empty:
        return paths
    ordered = sorted(names)
    found = {pattern: _images(pattern, ordered) or [pattern] for pattern in patterns.unique()}
    return paths.map(lambda path: found.get(path, path)).explode().astype("str")


def _images(pattern: str, ordered: Sequence[str]) -> Sequence[str]:
    names = matching(pattern, ordered)
    return images_among(names) if pattern.endswith(".*") else names


def matching(pattern: str, ordered: Sequence[str]) -> list[str]:
    """The sorted names that fit a pattern with `*`: only the names that begin as the pattern does are compared."""
    start = pattern[: pattern.index("*")]
    first = bisect.bisect_left(ordered, start)
    last = bisect.bisect_right(ordered, start + chr(0x10FFFF))
    fits = re.compile(regular(pattern)).fullmatch
    return [name for name in ordered[first:last] if fits(name)]


def regular(pattern: str) -> str:
    """The regular expression for a pattern with `*`. What stands between two of these is taken where it comes first,
    for good: to try the others, too, would take for ever in a pattern of many, and finds nothing more."""
    first, *between, last = map(re.escape, pattern.split("*"))
    return f"{first}{''.join(f'(?>[^/]*?{text})' for text in between)}[^/]*{last}"


def one_per_folder(names: Collection[str]) -> list[str]:
    """The first name of each folder."""
    firsts: dict[str, str] = {}
    for name in names:
        firsts.setdefault(name.rpartition("/")[0], name)
    return list(firsts.values())


IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".jp2", ".ppm", ".pgm", ".dcm", ".dicom"
)  # fmt: skip
ARRAY_SUFFIXES = (".npy", ".npz")
"""Files of images only where the rows' images are such files."""


def suffix_of(name: str) -> str:
    return splitext(name)[1].lower()


def images_among(names: Sequence[str]) -> Sequence[str]:
    """Files that differ in suffix alone: of an image and what describes it (.xml, .txt) the image. All of them where
    none is known as a image: of DICOM files the suffix may be anything."""
    for suffixes in (IMAGE_SUFFIXES, ARRAY_SUFFIXES):
        if images := [name for name in names if suffix_of(name) in suffixes]:
            return images
    return names
