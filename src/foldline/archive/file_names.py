"""Names of files: paths as tables write them, patterns with `*`, and which files are images."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from posixpath import normpath, splitext
from unicodedata import normalize

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.budgets import LONGEST_PATH, refuse_product
from foldline.archive.encodings import IN_TEXTS, IN_ZIPS

LOOKED_UP = 64
"""Characters of a text by which names are found."""
FEW = 32
"""Texts that are sooner looked for one by one than all at once."""
MORE_OF_THE_PATH = "Write more of each path: a folder, or how its name begins."
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
    fitting: dict[str, list[str]] = defaultdict(list)
    for pattern, name in matching(patterns.unique(), sorted(names)):
        fitting[pattern].append(name)
    found = {pattern: images_among(some) if pattern.endswith(".*") else some for pattern, some in fitting.items()}
    rows = sum(len(found.get(pattern, ".")) for pattern in map(str, patterns))
    refuse_product(
        f"{len(patterns):,} paths with `*` stand for {rows:,} files", len(paths) + len(names), rows, MORE_OF_THE_PATH
    )
    return paths.map(lambda path: found.get(str(path), path)).explode().astype("str")


def matching(patterns: Collection[str], ordered: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each pattern with `*` and each of the sorted names that fits it. A name is compared with those alone of whose
    texts next to a `*` it holds the rarest. Raises Refusal where nearly all names may fit nearly all patterns."""
    times = Counter(text for pattern in patterns for text in set(pattern.split("*")))
    by_text = defaultdict(list)
    for pattern in patterns:
        rarest = min(pattern.split("*"), key=lambda text: (times[text], -len(text)))
        by_text[rarest[:LOOKED_UP]].append((pattern, re.compile(regular(pattern)).fullmatch))
    lengths, compared = set(map(len, by_text)), 0
    what = f"{len(patterns):,} paths with `*` may each be of nearly any of {len(ordered):,} files"
    for name in ordered:
        if len(by_text) < FEW:
            texts = {text for text in by_text if text in name}
        else:
            texts = by_text.keys() & {name[at : at + n] for n in lengths for at in range(len(name) - n + 1)}
        for text in sorted(texts):
            compared += len(by_text[text])
            refuse_product(what, len(patterns) + len(ordered), compared, MORE_OF_THE_PATH)
            yield from ((pattern, name) for pattern, fits in by_text[text] if fits(name))


def by_number(name: str) -> list[str | int]:
    """What names are sorted by, so that train-2 comes before train-10."""
    return [int(part) if at % 2 else part for at, part in enumerate(re.split("([0-9]+)", name))]


def regular(pattern: str, character: str = "[^/]") -> str:
    """The regular expression for a pattern with `*`, any text of such characters. What stands between two of these is
    taken where it comes first, for good: to try the others, too, would take for ever in a pattern of many, and finds
    nothing more."""
    first, *between, last = map(re.escape, pattern.split("*"))
    return f"{first}{''.join(f'(?>{character}*?{text})' for text in between)}{character}*{last}"


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
