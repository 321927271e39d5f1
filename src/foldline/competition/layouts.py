"""From the competition's own files to canonical rows and the paths of their images.

Each kind of layout only has to say, for a part, its *lines*: a table of text with the columns row_id, path, group
(empty text where there is none), missing (the file when it is not there), spoken_of (the class or the number of the
target, where a row has a line for each) and the card's features, one line per image of a row; and target, as the card's
target reads it. `assemble` makes rows of them, whatever the kind.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from foldline.archive.addresses import shown_address
from foldline.archive.archives import Archives
from foldline.archive.tables import described_places
from foldline.card.features import Features
from foldline.card.layout import Layout, named_parts
from foldline.card.layouts.part import Part
from foldline.card.target import Target
from foldline.card.templates import columns_of, filled, parse_id
from foldline.competition.readability import (
    describe_absence,
    describe_namesakes,
    found_files,
    missing_files,
    refuse_wrong_path,
)
from foldline.competition.side_columns import SideColumns, find_side_columns, refuse_changing, side_values
from foldline.files.refusal import Refusal, counted, listed, shortened
from foldline.files.rows import side_columns

SHOWN = 3


def merged_rows(lines: Mapping[str, pd.DataFrame], walks: Collection[str], fact: str) -> Iterator[str]:
    """What the doctor says of them. lines: row_id, path of each part of `fact`, by its place in the card; walks: those
    of them that no table lists.

    Where an id repeats in one table, the competition itself says what belongs together.
    """
    found = (one[["row_id", "path"]].assign(place=place) for place, one in lines.items())
    pairs = pd.concat(found, ignore_index=True).drop_duplicates(["row_id", "path"])
    several = pairs[pairs["row_id"].duplicated(keep=False)]
    of_parts = several.groupby("row_id")["place"].transform("nunique") > 1
    doubtful = several[of_parts | several["place"].isin(list(walks))]
    if doubtful.empty:
        return
    first = doubtful["row_id"].iloc[0]
    paths = doubtful.loc[doubtful["row_id"] == first, "path"].map(shown_address)
    yield (
        f"{doubtful['row_id'].nunique():,} rows of {fact} have several images, such as row `{first}`: "
        f"{listed(paths, SHOWN)}. If these are different things, put into the id what tells them apart, such as the "
        "folder."
    )


LINE_COLUMNS = ("row_id", "path", "group", "missing", "spoken_of")
LONGEST_ID = 1000
"""Characters."""


@dataclass(frozen=True)
class Listing:
    """What a competition consists of."""

    rows: pd.DataFrame
    """In the form of files/rows.py, and target: of train rows what the card's target reads, None of test rows."""
    images: pd.DataFrame
    """row (position in `rows`), path; in the order of rows, then of the source."""
    missing: tuple[str, ...]
    """Of the images those that the archives do not hold, as messages show them: `id (path)`."""
    absent: tuple[str, ...]
    """A sentence for each part of the test set of which not a single image is there."""
    namesakes: str = ""
    """What the archives hold in the place of the first missing image, in words."""
    doubts: tuple[str, ...] = ()
    """What the doctor says of how lines became rows, a sentence each."""


def read_layout(archives: Archives, layout: Layout, target: Target, features: Features | None = None) -> Listing:
    """Raises Refusal when the card does not fit the archives: a table or a column is not there, no train image is, or a
    part of the test set lies elsewhere than its path says."""
    side = find_side_columns(archives, layout, target, features)
    train, test = (
        {place: _lines(archives, part, place, asked, side) for place, part in named_parts(parts, fact)}
        for parts, fact, asked in ((layout.train, "layout.train", target), (layout.test, "layout.test", None))
    )
    without, absent = (
        {said: lines for place, lines in parts.items() if (said := describe_absence(lines, archives, place))}
        for parts in (train, test)
    )
    if without:
        raise Refusal(f"{' '.join(without)} Correct the template.")
    namesakes = _elsewhere(pd.concat([*train.values(), *test.values()]), absent, archives)
    doubts = [*target.lacking_lines(pd.concat(train.values())), *_merged(layout, train, test)]
    of_rows = pd.concat([target.united(lines) for lines in train.values()]).drop(columns="spoken_of")
    listing = assemble(of_rows, pd.concat(test.values()).drop(columns="spoken_of"), tuple(absent))
    return replace(listing, namesakes=namesakes, doubts=tuple(doubts))


def _elsewhere(lines: pd.DataFrame, absent: Mapping[str, pd.DataFrame], archives: Archives) -> str:
    """What the archives hold in the place of missing images; absent: the lines of each part without an image."""
    missing, found = lines.loc[lines["missing"] != "", "missing"].unique().tolist(), found_files(lines)
    for said, of_part in absent.items():
        refuse_wrong_path(said, of_part["missing"].unique().tolist(), archives.names, found)
    return describe_namesakes(missing, archives.names, found)


def _merged(layout: Layout, train: Mapping[str, pd.DataFrame], test: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    for fact, parts, lines in (("layout.train", layout.train, train), ("layout.test", layout.test, test)):
        walks = [place for place, part in named_parts(parts, fact) if not part.is_listed]
        yield from merged_rows(lines, walks, fact)


def _lines(archives: Archives, part: Part, fact: str, target: Target | None, side: SideColumns) -> pd.DataFrame:
    """`target`: None for rows without labels; with one, each line says its own part of it."""
    row_id = parse_id(part.id)
    wanted = [(f"{fact}.id", column) for column in columns_of(row_id)]
    wanted += [("features", column) for column in side.names]
    group = () if target is None or target.group is None else parse_id(target.group)
    if target is not None:
        wanted += target.named_columns()
        wanted += [("target.group", column) for column in columns_of(group)]
    found = part.lines(archives, wanted, fact)
    for column in columns_of(row_id):
        _refuse_empty(found.columns[column], found.source)
    lines = pd.DataFrame({"row_id": filled(row_id, found.columns), "path": found.paths})
    _refuse_long(lines["row_id"], part.id, fact, found.source)
    if target is not None:
        lines["group"] = filled(group, found.columns)
        lines["spoken_of"] = target.spoken_of(found.columns)
    if part.names_files:  # the other kinds list what they have seen
        lines["missing"] = missing_files(lines["path"], archives)
    lines = lines.reindex(columns=LINE_COLUMNS, fill_value="").astype("str")
    lines["target"] = "" if target is None else target.read(found.columns, found.source)
    return pd.concat([lines, side_values(found.columns, side, found.source)], axis=1)


def assemble(train: pd.DataFrame, test: pd.DataFrame, absent: tuple[str, ...]) -> Listing:
    """Rows and images of both parts' lines (row_id, path, target, group, missing, features).

    Lines of one id are one row with several images. Lines that repeat an earlier one count once: a sample submission
    may list an id twice. Raises Refusal when the lines of one id differ in label, group or a feature.
    """
    lines = pd.concat([train.assign(part="train"), test.assign(part="test")]).drop_duplicates(ignore_index=True)
    rows = lines.drop_duplicates(["part", "row_id", "target", "group"], ignore_index=True)
    _refuse_contradictions(rows)
    refuse_changing(lines)
    images = pd.DataFrame({"row": lines.groupby(["part", "row_id"], sort=False).ngroup(), "path": lines["path"]})
    facts, targets = rows[["part", "row_id", "group"]].astype("str"), rows["target"].astype(object)
    targets = targets.where(rows["part"] == "train", None)
    rows = pd.concat([facts.mask(facts == ""), targets, rows[side_columns(rows)]], axis=1)
    lacking = lines[lines["missing"] != ""]
    missing = tuple(lacking["row_id"] + " (" + lacking["missing"] + ")")
    return Listing(rows, images.sort_values("row", kind="stable", ignore_index=True), missing, absent)


def _refuse_empty(values: pd.Series, source: str) -> None:
    empty = values.index[values == ""]
    if len(empty):
        found = f"{counted(len(empty), 'row has', 'rows have')} no `{values.name}`, {described_places(empty, 5)}"
        raise Refusal(f"{source}: {found}. Name another column in the card.")


def _refuse_long(ids: pd.Series, template: str, fact: str, source: str) -> None:
    long = ids[ids.str.len() > LONGEST_ID]
    if len(long):
        raise Refusal(
            f"{source}: {counted(len(long), 'id has', 'ids have')} more than {LONGEST_ID:,} characters, the first is "
            f"{shortened(long.iloc[0])!r}: {template!r} (the card's {fact}.id) gives no ids, but perhaps pictures. "
            "Name another column in the card."
        )


def _refuse_contradictions(rows: pd.DataFrame) -> None:
    repeated = rows[rows.duplicated(["part", "row_id"], keep=False)]
    if repeated.empty:
        return
    first = repeated[repeated["row_id"] == repeated.iloc[0]["row_id"]]
    targets = first["target"].map(lambda found: found if isinstance(found, str) else ", ".join(map(str, found)))
    found = listed((targets + " (group " + first["group"] + ")").str.removesuffix(" (group )"))
    raise Refusal(
        f"The train table contradicts itself: {counted(repeated['row_id'].nunique(), 'id stands', 'ids stand')} on "
        f"several lines with different labels or groups, the first is `{first.iloc[0]['row_id']}`: {found}. Name the "
        "column that tells the rows apart as layout.train.id in the card."
    )
