"""Where a competition's rows and images lie, guessed from its files: the parts of a card's `layout`."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isqrt
from posixpath import basename, splitext
from typing import Any

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.tables import read_table
from foldline.card.layouts.coco import joined_lists
from foldline.competition.sample import NAMED_BY_PLACE
from foldline.doctor.image_paths import Images, path_templates
from foldline.files.refusal import Refusal, listed
from foldline.pixels.dicom import is_dicom
from foldline.pixels.headers import opened

TABLES, COCO = (".csv", ".tsv"), ".json"
LARGEST_BYTES = 1 << 30
SAMPLE = re.compile(r"(?i)sample|submission|submit|benchmark")
TEST, TRAIN = re.compile(r"(?i)test|private|hidden"), re.compile(r"(?i)train|label|solution")
FEWEST_FOUND = 0.5
"""Of the lines, that must have an image: some competitions list more than they serve."""
PIXELS = re.compile(r"(?i)(pixel|px|p)_?\d+")
LABELLED = re.compile(r"(?P<label>[A-Za-z]+)(?P<between>[._-]?)(?P<number>\d+)")
GREY = ("1", "L", "I;16", "I;16B")
BY_HAND = "Write the card by hand: docs/new-competition.md."


@dataclass(frozen=True)
class Table:
    name: str
    kind: str
    """Of the layout's part: `table`, or `coco` for a json of images and annotations."""
    lines: pd.DataFrame
    index: tuple[str, ...] = ()
    """The column without a name of a table that was saved with its index, which is not among `lines`."""

    @property
    def source(self) -> dict[str, Any]:
        return {"kind": self.kind, "table" if self.kind == "table" else "file": self.name}


@dataclass(frozen=True)
class Drafted:
    train: dict[str, Any]
    test: dict[str, Any]
    labels: pd.DataFrame
    """The columns that the train part finds."""
    test_columns: tuple[str, ...]
    channels: int
    remark: str = ""


def tables_in(archives: Archives, unread: list[str]) -> Iterator[Table]:
    """Those that can be read and have lines; a file that is none of these is no table. unread: gets why a file that is
    called a table cannot be read."""
    for name in archives.names:
        kind = "table" if name.lower().endswith(TABLES) else "coco" if name.lower().endswith(COCO) else ""
        if kind and archives.size(name) <= LARGEST_BYTES:
            try:
                lines = read_table(archives, name) if kind == "table" else joined_lists(archives, name).astype("str")
            except Refusal as refusal:
                unread += [f"{refusal}"] if kind == "table" else []
                continue
            if len(lines):
                index = _saved_index(lines)
                yield Table(name, kind, lines.drop(columns=index), tuple(index))


def _saved_index(lines: pd.DataFrame) -> list[str]:
    """The column without a name that counts the lines, where several others are left: they say more."""
    nameless = [name for name in map(str, lines) if NAMED_BY_PLACE.fullmatch(name)]
    counting = [name for name in nameless if lines[name].tolist() == [str(number) for number in range(len(lines))]]
    return counting if len(lines.columns) > len(counting) + 1 else []


def sample_of(tables: list[Table], archives: Archives) -> Table:
    """The sample submission, by its name. Raises Refusal when there is none."""
    named = [table for table in tables if table.kind == "table" and SAMPLE.search(basename(table.name))]
    if not named:
        raise Refusal(
            f"{archives.folder}: no table is named as a sample submission is. Found "
            f"{listed([table.name for table in tables] or archives.names)}. {BY_HAND}"
        )
    return min(named, key=lambda table: ("sample" not in table.name.lower(), len(table.name)))


def draft_layout(tables: list[Table], sample: Table, ids: pd.Series, archives: Archives) -> Drafted:
    """tables: all but `sample`. ids: the sample's. Raises Refusal when nothing leads to an image."""
    images = Images(archives.names)
    pixels = [table for table in tables if _pixel_columns(table.lines)]
    if not images.names and pixels:
        return _of_pixels(pixels, ids)
    if not images.names:
        raise Refusal(f"{archives.folder}: no file ends as an image does. Found {listed(archives.names)}. {BY_HAND}")
    test, test_columns = _test_part([sample, *tables], sample, ids, images)
    answers = [column for column in sample.lines.columns if column != ids.name]
    train = _train_part(tables, answers, str(test["id"]), images)
    if train is not None:
        part, labels = train
        return Drafted(part, test, labels, test_columns, _channels(part, archives, images))
    part, labels = _labelled_paths(images)
    remark = "No table leads to the train images: labels are taken from paths."
    return Drafted(part, test, labels, (), _channels(part, archives, images), remark)


def _train_part(
    tables: list[Table], answers: list[str], row: str, images: Images
) -> tuple[dict[str, Any], pd.DataFrame] | None:
    """The likeliest of the tables that lead to images: the one with the sample's answers, else one named so.

    row: the id of the test part, which train rows have as well where a row has several images."""
    found: list[tuple[tuple[float, ...], dict[str, Any], pd.DataFrame]] = []
    for table in tables:
        is_named, columns = bool(TRAIN.search(table.name)), list(map(str, table.lines.columns))
        if TEST.search(table.name) and not is_named:
            continue
        for column, paths, fraction in path_templates(table.lines, images, "train"):
            if fraction >= FEWEST_FOUND and len(columns) > 1:
                key = row if row in columns else column
                likely = (sum(answer in columns for answer in answers), is_named, fraction, key == column)
                found.append((likely, _part(table, key, paths), table.lines.drop(columns=[key])))
    likeliest = max(found, key=lambda one: one[0], default=None)
    return None if likeliest is None else likeliest[1:]


def _test_part(
    tables: list[Table], sample: Table, ids: pd.Series, images: Images
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A table with the sample's ids that leads to images, the sample itself first; else all images of test."""
    for table in sorted(tables, key=lambda table: (table is not sample, not TEST.search(table.name))):
        keys = [str(name) for name, values in table.lines.items() if set(values) == set(ids)]
        templates = [one for one in path_templates(table.lines, images, "test") if one.found >= FEWEST_FOUND]
        if keys and templates:
            best = max(templates, key=lambda one: (one.found, one.column in keys))
            key = best.column if best.column in keys else keys[0]
            return _part(table, key, best.paths), tuple(map(str, table.lines.columns))
    return _walk(images.of("test")), ()


def _part(table: Table, key: str, paths: tuple[str, ...]) -> dict[str, Any]:
    path, *channels = paths
    return {**table.source, "id": key, "path": [path, *channels] if channels else path}


def _walk(names: list[str]) -> dict[str, Any]:
    """Each image of the folder that holds most of `names` a row by its stem."""
    folder = Counter(name.rpartition("/")[0] for name in names).most_common(1)[0][0]
    suffix = next(splitext(name)[1] for name in names if name.rpartition("/")[0] == folder)
    return {"kind": "walk", "pattern": f"{_below(folder)}(?P<stem>[^/]+){re.escape(suffix)}", "id": "stem"}


def _below(folder: str) -> str:
    return f"{re.escape(folder)}/" if folder else ""


def _labelled_paths(images: Images) -> tuple[dict[str, Any], pd.DataFrame]:
    """A walk over images whose folder, or whose name at its beginning, says the label; and these labels."""
    names = images.of("train")
    suffixes = "|".join(sorted({re.escape(splitext(name)[1]) for name in names}))
    folders = [name.split("/")[-2] if "/" in name else "" for name in names]
    above = Counter("/".join(name.split("/")[:-2]) for name in names).most_common(1)[0][0]
    if len(set(folders)) > 1 and max(Counter(folders).values()) > 1:
        pattern = f"{_below(above)}(?P<label>[^/]+)/(?P<stem>[^/]+)({suffixes})"
        return {"kind": "walk", "pattern": pattern, "id": "{label}/{stem}"}, pd.DataFrame({"label": folders})
    matches = [LABELLED.fullmatch(splitext(basename(name))[0]) for name in names]
    found = [match for match in matches if match is not None]
    if len(found) < len(names):
        raise Refusal(
            "no table leads to the images, and neither their folders nor their names say a label. Found "
            f"{listed(names, 5)}. {BY_HAND}"
        )
    labels, between = [match["label"] for match in found], found[0]["between"]
    word = f"(?P<label>{'|'.join(sorted(set(labels)))}){re.escape(between)}"
    pattern = f"{_below(names[0].rpartition('/')[0])}{word}(?P<number>\\d+)({suffixes})"
    return {"kind": "walk", "pattern": pattern, "id": f"{{label}}{between}{{number}}"}, pd.DataFrame({"label": labels})


def _of_pixels(tables: list[Table], ids: pd.Series) -> Drafted:
    """Tables with a column per pixel: those of train have other columns as well."""
    test = min(tables, key=lambda table: (not TEST.search(table.name), len(table.lines.columns)))
    others = [table for table in tables if table is not test]
    train = min(others or [test], key=lambda table: not TRAIN.search(table.name))
    parts = []
    for table in (train, test):
        columns = _pixel_columns(table.lines)
        key = str(ids.name) if ids.name in table.lines.columns else "line"
        pattern = re.sub(r"\d+$", r"\\d+", columns[0])
        side = isqrt(len(columns))
        image = {"kind": "columns", "pattern": pattern, "height": side, "width": side}
        parts.append({"kind": "records", "file": table.name, "id": key, "image": image})
    labels = train.lines.drop(columns=_pixel_columns(train.lines))
    return Drafted(parts[0], parts[1], labels, (), 1)


def _pixel_columns(lines: pd.DataFrame) -> list[str]:
    """Of a square image; none, where there is none."""
    columns = [str(name) for name in lines.columns if PIXELS.fullmatch(str(name))]
    return columns if len(columns) > 1 and isqrt(len(columns)) ** 2 == len(columns) else []


def _channels(part: Mapping[str, Any], archives: Archives, images: Images) -> int:
    """As many as there are paths for an image, else what the first image has: 1 where it is grey."""
    if isinstance(part.get("path"), list):
        return len(part["path"])
    content = archives.read(images.of("train")[0])
    if is_dicom(content):
        return 1
    try:
        return 1 if opened(content)[0].mode in GREY else 3
    except Exception:  # an array, of which only a person knows what its numbers are, or damaged
        return 3
