"""Test sets for a proof: the competition's own as it lies here, and a smaller one with an unreadable picture."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from foldline.archive.addresses import BETWEEN_CHANNELS, RECORD, parse_in_array, places_of
from foldline.archive.archives import Archives, read_manifest
from foldline.archive.finder import Entry
from foldline.archive.folders import files_below
from foldline.archive.locating import located_file
from foldline.bundle.described import Described
from foldline.card.layout import Layout, named_parts
from foldline.card.source_steps import TableFile
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.card.templates import filled, parse_id
from foldline.competition.layouts import read_test
from foldline.competition.missing_images import unreadable_files
from foldline.competition.sample import line_positions, read_sample
from foldline.files.places import Places
from foldline.pixels.cache import read_images

MOST_ROWS = 200
PLAIN = (".csv", ".tsv")
NO_PICTURE = b"not a picture"


class Seen(Archives):
    """Remembers the files that were asked for."""

    def __init__(self, folder: Path, files: list[str]) -> None:
        self.seen: set[str] = set()
        super().__init__(folder, files)

    def _entry(self, name: str) -> Entry:
        self.seen.add(name)
        return super()._entry(name)


@dataclass(frozen=True)
class Smaller:
    lines: int
    """Of its sample submission."""
    spoilt: str | None
    """The picture that was spoilt; None where pictures are no files of their own, or none can be read."""
    unreadable: list[str]
    """With those that cannot be read, or are not there, anyway."""


def write_smaller(places: Places, described: Described, folder: Path) -> Smaller:
    """Loose files, as notebooks find them, of half of the test rows, or MOST_ROWS: their pictures, and the tables that
    their card reads, cut to their lines where these are plain csv; of all rows where the sample submission is not.
    Nothing of the train set."""
    layout, form = described.fact("layout", Layout), described.fact("submission", Submission)
    asked = described.fact("target", Target).asked_names(described.classes.names)
    archives = Seen(places.archives, read_manifest(places.manifest).names)
    with archives:
        rows, images = read_test(archives, layout, described.tabular)
        sample = read_sample(archives, form)
        row_of_line = line_positions(sample, rows["row_id"], asked, form) // form.lines_per_row(asked)
        every = np.unique(row_of_line)
        name = located_file(archives, form.sample.name)
        kept = every[: max(1, min(len(every) // 2, MOST_ROWS))] if name.endswith(PLAIN) else every
        kept_of = {name: np.flatnonzero(np.isin(row_of_line, kept))}
        for fact, part in named_parts(layout.test, "layout.test"):
            first = part.steps[0]
            if not isinstance(first, TableFile) or "*" in first.name:
                continue
            lines = part.lines(archives, fact, set(described.tabular.names)).columns
            of_kept = filled(parse_id(part.id), lines).isin(set(rows["row_id"].iloc[kept]))
            kept_of.setdefault(located_file(archives, first.name), lines.index[of_kept].unique().to_numpy())
        paths = images.loc[images["row"].isin(kept), "path"]
        places_in_files = {place for path in paths for place in places_of(path)}
        pictures = {found.file if (found := parse_in_array(place)) else place for place in places_in_files}
        tables = {name for name in archives.seen - pictures if name in archives.names}
        has_header = {name: sample.has_header for name in list(kept_of)[:1]}
        for name in sorted(tables | {name for name in pictures if name in archives}):
            content = archives.read(name)
            if name in kept_of and name.endswith(PLAIN):
                content = _cut(content, kept_of[name], has_header.get(name, True))
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    known = {*unreadable_files(read_images(places.images))["path"]}
    spoilt = _spoil(folder, [path for path in paths if path not in known])
    with Archives(folder, files_below(folder)) as written:
        images, lines = read_test(written, layout, described.tabular)[1], len(read_sample(written, form).ids)
    unread = images["path"].isin({*known, spoilt}) | (images["missing"] != "")
    return Smaller(lines, spoilt, images["path"][unread].unique().tolist())


def _cut(content: bytes, kept: Int64[np.ndarray, " kept"], has_header: bool) -> bytes:
    """The kept rows, by their numbers from 0 behind the header; all of a table with a quote that is never closed."""
    rows, is_open = [b""], False
    for line in content.splitlines(keepends=True):
        rows[-1] += line
        is_open ^= line.count(b'"') % 2 == 1
        if not is_open and line.strip():  # a blank line is no row
            rows.append(b"")
    return content if is_open else b"".join([*rows[:has_header], *(rows[has_header + row] for row in kept.tolist())])


def _spoil(folder: Path, paths: list[str]) -> str | None:
    files = [path for path in paths if not {BETWEEN_CHANNELS, RECORD} & {path} and (folder / path).is_file()]
    own = [path for path in files if parse_in_array(path) is None]
    if not own:
        return None
    (folder / own[0]).write_bytes(NO_PICTURE)
    return own[0]
