"""What in a card looks wrong next to the data that it describes, each finding in one sentence with first examples."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence

import pandas as pd

from foldline.archive.addresses import RECORD, places_of
from foldline.archive.file_names import ARRAY_SUFFIXES, IMAGE_SUFFIXES, suffix_of
from foldline.card.card import Card
from foldline.card.target import Target
from foldline.card.targets.sample_columns import NUMBER
from foldline.competition.competition import Competition
from foldline.competition.missing_images import describe_hidden, share_to_allow
from foldline.files.refusal import counted, listed
from foldline.files.rows import TABULAR, tabular_columns

MISSPELT = 0.8
"""Likeness of two labels (difflib) from which one may be meant for the other."""


def card_warnings(card: Card, found: Competition, images: pd.DataFrame) -> Iterator[str]:
    """images: as in their table."""
    listing, shown = found.listing, found.sample.shown_labels
    if listing.absences.parts:
        yield describe_hidden(listing.absences.parts, share_to_allow(images))
    yield from (f"{name}: {doubt}" for name, said in found.tables.items() for doubt in said[1:])
    yield from listing.doubts
    yield from card.target.doubts(found.sample.predicted(card.submission))
    yield from misspelt_new_class(card.target, {*found.classes, *shown})
    yield from unknown_labels(shown, card.target.answer_names(found.classes))
    yield from labels_alike(found.classes)
    yield from unlearnable_features(listing.rows)


def unlisted_images(names: Sequence[str], paths: Iterable[str]) -> Iterator[str]:
    """Images that lie where those of the rows lie, as deep in the same top folder, and belong to no row.

    names: of all files. paths: those of the rows' images (archive/addresses.py).
    """
    used = {place for path in paths if RECORD not in path for place in places_of(path)}
    files = [name for name in names if name in used and suffix_of(name) in (*IMAGE_SUFFIXES, *ARRAY_SUFFIXES)]
    folders, suffixes = {_top_and_depth(name) for name in files}, {*IMAGE_SUFFIXES, *map(suffix_of, files)}
    unlisted = [
        name for name in names if name not in used and suffix_of(name) in suffixes and _top_and_depth(name) in folders
    ]
    if unlisted:
        yield (
            f"{counted(len(unlisted), 'image lies', 'images lie')} where those of the rows lie, but "
            f"{'belongs' if len(unlisted) == 1 else 'belong'} to no row: {listed(unlisted, 3)}. "
            "If they should, look at the pattern or the path of the part: large and small letters differ."
        )


def _top_and_depth(name: str) -> tuple[str, int]:
    top, below, _ = name.partition("/")
    return top if below else "", name.count("/")


def misspelt_new_class(target: Target, known: Collection[str]) -> Iterator[str]:
    """known: the labels of train rows and those that the sample submission shows."""
    new_class = target.unseen_class()
    if new_class is None or new_class in known:
        return
    close = difflib.get_close_matches(new_class, known, n=1, cutoff=MISSPELT)
    if close:
        yield (
            f"target.new_class is {new_class!r}, which neither train rows nor the sample submission have; they have "
            f"{close[0]!r}. Correct the card if that is meant."
        )


def unknown_labels(shown: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    """shown: labels of the sample submission. known: those that a submission can name."""
    there = set(known)
    unknown = [label for label in shown if label not in there]
    if unknown:
        yield (
            f"The sample submission shows {counted(len(unknown), 'label', 'labels')} that no submission of this card "
            f"can name: {listed(unknown, 3)}; it can name {listed(known, 3)}. Samples are often filled at random or "
            "with one label: then there is nothing to do. If these are train labels in another spelling, look at "
            "target.column, or write them as the sample does, by a function of your own (docs/own-code.md); if the "
            "competition says that one label stands for classes without train rows, at target.new_class."
        )


def labels_alike(classes: Sequence[str]) -> Iterator[str]:
    """Labels that are one to a person: they differ in case, or in blanks, alone, or are one number."""
    alike: dict[str | float, list[str]] = {}
    for name in classes:
        bare = "".join(name.split()).casefold()
        alike.setdefault(float(bare) if NUMBER.fullmatch(bare) else bare, []).append(name)
    pairs = [f"{first!r} and {second!r}" for first, second, *_ in (names for names in alike.values() if names[1:])]
    if pairs:
        yield (
            f"{counted(len(pairs), 'label is', 'labels are')} written in several ways, which are classes of their own: "
            f"{listed(pairs, 3)}. Right for letters, whose case is what tells them apart; if they mean the same, make "
            "them one by a function of your own (docs/own-code.md)."
        )


SHOWN_VALUES = 3


def unlearnable_features(rows: pd.DataFrame) -> Iterator[str]:
    """Categories whose values in train say nothing of others. rows: as in their tables."""
    is_train = rows["part"] == "train"
    for column in tabular_columns(rows):
        if rows[column].dtype.kind == "f":
            continue
        train, test = (rows.loc[part, column].dropna() for part in (is_train, ~is_train))
        name = column.removeprefix(TABULAR)
        if len(train) == is_train.sum() > 1 and train.is_unique:
            yield (
                f"The feature `{name}` has a value of its own in each train row, such as {_some(train)}: it cannot "
                "say anything of others. Leave it out of the card."
            )
        else:
            yield from _unknown_values(name, train, test)


def _unknown_values(name: str, train: pd.Series, test: pd.Series) -> Iterator[str]:
    unknown = test[~test.isin(set(train))]
    if 2 * len(unknown) > len(test):
        yield (
            f"{'All' if len(unknown) == len(test) else 'Most'} test values of the feature `{name}` are unknown to "
            f"train: {_some(unknown)} against {_some(train)}. Write both alike by a function of your own "
            "(docs/own-code.md), or leave it out of the card."
        )


def _some(values: pd.Series) -> str:
    return listed(values.unique(), SHOWN_VALUES)
