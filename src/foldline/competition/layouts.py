"""From the competition's own files to canonical rows and the paths of their images.

Each kind of layout only has to say, for a part, its *lines*: a table of text with the columns row_id, path, group
(empty text where there is none), missing (the file when it is not there), spoken_of (the class or the number of the
target, where a row has a line for each) and the card's features, one line per image of a row; and target, as the card's
target reads it. `assemble` makes rows of them, whatever the kind.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from foldline.archive.addresses import shown_address
from foldline.archive.archives import Archives
from foldline.archive.locating import AS_WRITTEN
from foldline.archive.tables import described_lines, refuse_absent_columns
from foldline.card.features import Features
from foldline.card.layout import Layout, named_parts
from foldline.card.layouts.part import PartLines
from foldline.card.sources import LINE, ROW
from foldline.card.target import Target
from foldline.card.targets.target_kind import BY_A_FUNCTION
from foldline.card.templates import columns_of, filled, parse_id
from foldline.competition.missing_images import Absences, find_absences, missing_files
from foldline.competition.tabular_columns import (
    TabularColumns,
    find_tabular_columns,
    ids_and_groups,
    shared_columns,
    tabular_values,
    with_found_columns,
)
from foldline.files.refusal import Refusal, counted, listed, shortened
from foldline.files.rows import TABULAR, tabular_columns

SHOWN = 3
LINE_COLUMNS = ("row_id", "path", "group", "missing", "spoken_of")
LONGEST_ID = 1000
"""Characters."""


@dataclass(frozen=True)
class Listing:
    """What a competition consists of."""

    rows: pd.DataFrame
    """In the form of files/rows.py, and target: of train rows what the card's target reads, None of test rows."""
    images: pd.DataFrame
    """row (position in `rows`), path, missing (as `missing_files` gives it); by rows, then in the source's order."""
    target: Target
    """The card's, with the columns that its patterns mean."""
    absences: Absences
    doubts: tuple[str, ...]
    """What the doctor says of how lines became rows, a sentence each."""
    shared: tuple[str, ...]
    """The columns that both train and test rows have."""
    elsewhere: tuple[str, ...]
    """Parts whose files lie not as the card writes their paths, and where they do."""


def read_layout(archives: Archives, layout: Layout, target: Target, features: Features | None = None) -> Listing:
    """Raises Refusal when the card does not fit the archives: a table or a column is not there, no train image is, or a
    part of the test set lies elsewhere than its path says."""
    asked = ids_and_groups(layout, target) | {column for _, column in target.named_columns()}
    asked |= {*features.numbers, *features.categories} if features else set()
    train, test = (
        [part.lines(archives, fact, asked) for fact, part in named_parts(parts, of)]
        for parts, of in ((layout.train, "layout.train"), (layout.test, "layout.test"))
    )
    of_train, of_test = shared_columns(train), shared_columns(test)
    target = with_found_columns(of_train, layout, target, features)
    tabular = find_tabular_columns(of_train, of_test, layout, target, features)
    train_lines = {part.fact: _lines(archives, part, target, tabular) for part in train}
    test_lines = {part.fact: _lines(archives, part, None, tabular) for part in test}
    _refuse_mixed_up(train, test)
    absences = find_absences(train_lines, test_lines, archives)
    doubts = [
        *target.missing_lines(pd.concat(train_lines.values())),
        *merged_rows(train_lines, [part.fact for part in train if not part.part.is_listed], "layout.train"),
        *merged_rows(test_lines, [part.fact for part in test if not part.part.is_listed], "layout.test"),
    ]
    rows, images = assemble(
        pd.concat([target.united(lines) for lines in train_lines.values()]), pd.concat(test_lines.values())
    )
    shared = tuple(name for name in of_train.names if name in of_test.names)
    elsewhere = tuple(f"images of {part.fact} {part.folder}" for part in (*train, *test) if part.folder != AS_WRITTEN)
    return Listing(rows, images, target, absences, tuple(doubts), shared, elsewhere)


def read_test(archives: Archives, layout: Layout, tabular: TabularColumns) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The test part alone, rows and images as `Listing` has them: nothing of the train part is looked for, and what is
    missing is no reason to end.

    tabular: what `find_tabular_columns` made of the competition's features when both parts were there.
    """
    ids = {column for part in layout.test for column in columns_of(parse_id(part.id))}
    asked = {LINE, ROW, *ids, *tabular.names}
    parts = [part.lines(archives, fact, asked) for fact, part in named_parts(layout.test, "layout.test")]
    lines = pd.concat([_lines(archives, part, None, tabular) for part in parts])
    rows, images = assemble(lines.iloc[:0], lines)
    return rows.drop(columns="target"), images


def _refuse_mixed_up(train: Sequence[PartLines], test: Sequence[PartLines]) -> None:
    """Raises Refusal where images of one were looked for elsewhere, and found to be those of the other."""
    for part, others in (*((part, train) for part in test), *((part, test) for part in train)):
        if part.folder == AS_WRITTEN:
            continue
        for other in others:
            both = part.paths[part.paths.isin(set(other.paths))]
            if len(both):
                raise Refusal(
                    f"The card's {part.fact}: none of its images is there as their path is written, but {part.folder} "
                    f"they are; there `{both.iloc[0]}` is an image of {other.fact}, too. Write the whole path in the "
                    "card."
                )


def _lines(archives: Archives, found: PartLines, target: Target | None, tabular: TabularColumns) -> pd.DataFrame:
    """`target`: None for rows without labels; with one, each line says its own part of it."""
    columns, source, fact = found.columns, found.source, found.fact
    row_id = parse_id(found.part.id)
    group = () if target is None or target.group is None else parse_id(target.group)
    wanted = [(f"{fact}.id", column) for column in columns_of(row_id)]
    wanted += [] if target is None else target.named_columns()
    wanted += [("target.group", column) for column in columns_of(group)]
    refuse_absent_columns(wanted, list(map(str, columns)), source)
    for column in columns_of(row_id):
        _refuse_empty(columns[column], source)
    lines = pd.DataFrame({"row_id": filled(row_id, columns), "path": found.paths})
    _refuse_long(lines["row_id"], found.part.id, fact, source)
    if target is not None:
        lines["group"] = filled(group, columns)
        lines["spoken_of"] = target.spoken_of(columns)
    if found.part.names_files:  # the other kinds list what they have seen
        lines["missing"] = missing_files(lines["path"], archives)
    lines = lines.reindex(columns=LINE_COLUMNS, fill_value="").astype("str")
    lines["target"] = "" if target is None else target.read(columns, source)
    return pd.concat([lines, tabular_values(columns, tabular, source)], axis=1)


def merged_rows(lines: Mapping[str, pd.DataFrame], walks: Sequence[str], fact: str) -> Iterator[str]:
    """What the doctor says of rows with several images. lines: row_id, path of each part of `fact`, by its place in the
    card; walks: those of them that no table lists. Where an id repeats in one table, the competition itself says what
    belongs together.
    """
    found = (one[["row_id", "path"]].assign(number=number) for number, one in lines.items())
    pairs = pd.concat(found, ignore_index=True).drop_duplicates(["row_id", "path"])
    several = pairs[pairs["row_id"].duplicated(keep=False)]
    of_parts = several.groupby("row_id")["number"].transform("nunique") > 1
    doubtful = several[of_parts | several["number"].isin(walks)]
    if doubtful.empty:
        return
    first = doubtful["row_id"].iloc[0]
    paths = doubtful.loc[doubtful["row_id"] == first, "path"].map(shown_address)
    yield (
        f"{doubtful['row_id'].nunique():,} rows of {fact} have several images, such as row `{first}`: "
        f"{listed(paths, SHOWN)}. If these are different things, put into the id what tells them apart, such as the "
        "folder."
    )


def assemble(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows and images (as `Listing` has them) of both parts' lines.

    Lines of one id are one row with several images. Lines that repeat an earlier one count once: a sample submission
    may list an id twice. Raises Refusal when the lines of one id differ in label, group or a feature.
    """
    both = pd.concat([train.assign(part="train"), test.assign(part="test")]).drop(columns="spoken_of")
    lines = both.drop_duplicates(ignore_index=True)
    rows = lines.drop_duplicates(["part", "row_id", "target", "group"], ignore_index=True)
    _refuse_contradictions(lines)
    images = lines[["path", "missing"]].assign(row=lines.groupby(["part", "row_id"], sort=False).ngroup())
    facts, targets = rows[["part", "row_id", "group"]].astype("str"), rows["target"].astype(object)
    targets = targets.where(rows["part"] == "train", None)
    rows = pd.concat([facts.mask(facts == ""), targets, rows[tabular_columns(rows)]], axis=1)
    return rows, images[["row", "path", "missing"]].sort_values("row", kind="stable", ignore_index=True)


def _refuse_empty(values: pd.Series, source: str) -> None:
    empty = values.index[values == ""]
    if len(empty):
        found = f"{counted(len(empty), 'row has', 'rows have')} no `{values.name}`, {described_lines(empty, 5)}"
        raise Refusal(f"{source}: {found}. Name another column in the card, {BY_A_FUNCTION}.")


def _refuse_long(ids: pd.Series, template: str, fact: str, source: str) -> None:
    long = ids[ids.str.len() > LONGEST_ID]
    if len(long):
        raise Refusal(
            f"{source}: {counted(len(long), 'id has', 'ids have')} more than {LONGEST_ID:,} characters, the first is "
            f"{shortened(long.iloc[0])!r}: {template!r} (the card's {fact}.id) gives no ids, but perhaps images. "
            "Name another column in the card."
        )


def _refuse_contradictions(lines: pd.DataFrame) -> None:
    names = {"target": "the target", "group": "the group"}
    names |= {column: f"the feature `{column.removeprefix(TABULAR)}`" for column in tabular_columns(lines)}
    for column, name in names.items():
        values = lines[["part", "row_id", column]].drop_duplicates()
        several = values[values.duplicated(["part", "row_id"], keep=False)]
        if len(several):
            found = several.groupby(["part", "row_id"], sort=False)[column].agg(list)
            part, row_id = found.index[0]
            raise Refusal(
                f"The {part} table contradicts itself: {counted(len(found), 'id has', 'ids have')} lines that differ "
                f"in {name}, the first is `{row_id}`: {listed(map(repr, found.iloc[0]))}. {_cure(part, column, name)}"
            )


def _cure(part: str, column: str, name: str) -> str:
    """A row has one target, group and value of a feature, and of the test set features alone: what the lines of an id
    may be instead."""
    apart = f"name what tells them apart as layout.{part}.id in the card, a column or a template over columns"
    if column.startswith(TABULAR):
        return f"If a row has one value, leave {name} out of the card. If they are rows of their own, {apart}."
    several = " If an image has several labels of which one is submitted, write `id: line` there: each is a train row."
    sets = " If a row has all of these labels, write a target of kind multilabel." if column == "target" else ""
    return f"If they are rows of their own, {apart}.{several}{sets}"
