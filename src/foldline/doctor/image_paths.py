"""How a value of a table becomes the path of its image: read off the paths that there are."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from posixpath import basename, splitext
from typing import NamedTuple

import pandas as pd

from foldline.archive.file_names import IMAGE_SUFFIXES, suffix_of

SUFFIXES = (*IMAGE_SUFFIXES, ".npy")
LINES_LOOKED_AT, COLUMNS_LOOKED_AT, FILES_LOOKED_AT = 50, 20, 16
LONGEST_ZEROS = 8
"""A number may stand in a path with zeros in front."""


class Images:
    """The files that are images, by what a table may call them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = [name for name in names if suffix_of(name) in SUFFIXES]
        self._by_word: dict[str, list[str]] = defaultdict(list)
        for name in self.names:
            *folders, last = name.split("/")
            stem = splitext(last)[0]
            endings = ("/".join([*folders[depth:], last]) for depth in range(len(folders) + 1))
            for word in {*endings, stem, *folders, re.split(r"[-_][^-_]*$", stem)[0]}:
                self._by_word[word].append(name)

    def called(self, value: str, part: str) -> list[str]:
        """Images that `value` may mean: by their path, name, stem or the stem's beginning, or by a folder of theirs;
        those of `part` (train, test), where there are some."""
        zeros = [value.zfill(digits) for digits in range(len(value) + 1, LONGEST_ZEROS + 1)] if value.isdigit() else []
        for word in (value, *zeros):
            found = list(islice(self._by_word.get(word, ()), FILES_LOOKED_AT))
            if found:
                return [name for name in found if part in name.lower()] or found
        return []

    def of(self, part: str) -> list[str]:
        """Those of train or test, by what a path says; all, where none says so."""
        return [name for name in self.names if part in name.lower()] or self.names


class PathTemplate(NamedTuple):
    column: str
    paths: tuple[str, ...]
    """`train/{id}.jpg`; several are the channels of one image."""
    found: float
    """The share of lines that have an image so."""


def path_templates(table: pd.DataFrame, images: Images, part: str) -> Iterator[PathTemplate]:
    """For each of the first columns whose values lead to images of `part`, how they do."""
    lines = [
        {str(name): str(value) for name, value in line.items()}
        for line in table.iloc[:LINES_LOOKED_AT, :COLUMNS_LOOKED_AT].to_dict("records")
    ]
    for column in map(str, table.columns[:COLUMNS_LOOKED_AT]):
        templates = [_template(images.called(line[column], part), line, column) for line in lines]
        found = Counter(paths for paths in templates if paths)
        if found:
            paths, count = found.most_common(1)[0]
            yield PathTemplate(column, paths, count / len(lines))


def _template(names: Sequence[str], line: dict[str, str], column: str) -> tuple[str, ...]:
    """The paths `names` of one line, with the columns' names instead of their values."""
    value = line[column]
    if not names:
        return ()
    whole = [name for name in names if name.endswith(value) or splitext(basename(name))[0] == value]
    rests = [splitext(basename(name))[0].removeprefix(value) for name in names]
    if not whole and len(names) > 1 and all(rest[1:].isalpha() for rest in rests) and len(set(rests)) == len(rests):
        return tuple(_path(name, line, column) for name in names)  # a file per channel: _red, _green
    path = _path((whole or list(names))[0], line, column)
    if not whole and len(names) > 1:  # several of one row, numbered: -1, -2
        path = re.sub(r"(?<=\}[-_])[^-_/{}*]+(?=\.\w+$)", "*", path)
    return (path,)


def _path(name: str, line: dict[str, str], column: str) -> str:
    value = line[column]
    *folders, last = name.split("/")
    stem, suffix = splitext(last)
    above = [_folder(folder, folders[:depth], line, column) for depth, folder in enumerate(folders)]
    if name.endswith(value) and "/" in value:
        return f"{name.removesuffix(value)}{{{column}}}"
    if last == value:
        ending = f"{{{column}}}"
    elif stem.startswith(value) and re.fullmatch(r"([-_].*)?", stem.removeprefix(value)):
        ending = f"{{{column}}}{stem.removeprefix(value)}{suffix}"
    elif stem.isdigit() and stem == value.zfill(len(stem)):
        ending = f"{{{column}:0{len(stem)}}}{suffix}"
    else:
        ending = f"*{suffix}"  # all images of a folder that is the row's
    return "/".join([*above, ending])


def _folder(folder: str, above: Sequence[str], line: dict[str, str], column: str) -> str:
    value = line[column]
    if folder == value:
        return f"{{{column}}}"
    if folder.isdigit() and folder == value.zfill(len(folder)):
        return f"{{{column}:0{len(folder)}}}"
    character = sum(len(one) == 1 for one in above)
    if len(folder) == 1 and value[character : character + 1] == folder:
        return f"{{{column}[{character}]}}"
    same = [name for name, other in line.items() if other == folder and name != column]
    return f"{{{same[0]}}}" if same else folder
