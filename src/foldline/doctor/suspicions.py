"""What looks wrong in a competition's data, each finding in one sentence with its first examples."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from foldline.archive.addresses import RECORD, places_of
from foldline.competition.readability import describe_unreadable, share_to_allow, unreadable_files
from foldline.doctor.diagnosis import class_counts
from foldline.files.refusal import counted, listed
from foldline.folds.duplicates_table import list_duplicates
from foldline.pixels.cache import MISSING

SHOWN = 3
IMBALANCE = 10
"""The most frequent class has more than so many times the rows of the rarest."""
SHIFTED = 0.1
"""Kolmogorov and Smirnov's distance between train and test from which a difference of sizes matters."""
CHANCE = 0.001


def suspicions(
    rows: pd.DataFrame,
    images: pd.DataFrame,
    targets: np.ndarray,
    classes: tuple[str, ...],
    shown: Sequence[str],
    pairs: pd.DataFrame,
    namesakes: str = "",
) -> Iterator[str]:
    """rows, images: as in their tables. targets: of the train rows, in the form of files/rows.py. shown: the
    same, as a person reads them. pairs: first, second, the positions in the pixel cache of images that show the same.
    namesakes: as the layout says of missing images."""
    yield from _unreadable(images, namesakes)
    yield from _repeated(rows, shown, images, pairs)
    yield from _shifted(rows, images)
    yield from _uneven(targets, classes)
    yield from _lone_group(rows)
    yield from _classes_in_one_group(rows, targets, classes)


def _lone_group(rows: pd.DataFrame) -> Iterator[str]:
    groups = rows.loc[rows["part"] == "train", "group"]
    if groups.notna().all() and groups.nunique() == 1:
        yield (
            f"All train rows are of one group, `{groups.iloc[0]}`, so that no fold can be held back. Name another "
            "column as target.group, or null."
        )


def _classes_in_one_group(rows: pd.DataFrame, targets: np.ndarray, classes: tuple[str, ...]) -> Iterator[str]:
    groups = rows.loc[rows["part"] == "train", "group"]
    if targets.ndim != 1 or groups.isna().any() or groups.nunique() < 2:
        return
    found = groups.groupby(targets).agg(["size", "nunique"])
    lone = found.index[(found["size"] > 1) & (found["nunique"] == 1)]
    if len(lone):
        yield (
            f"{len(lone):,} of {len(found):,} classes have all their rows in one group (target.group), so that none is "
            f"left to validate: {listed((classes[place] for place in lone), SHOWN)}."
        )


def unknown_labels(shown: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    """shown: labels of the sample submission. known: those that a submission can name."""
    there = set(known)
    unknown = [label for label in shown if label not in there]
    if unknown:
        yield (
            f"The sample submission shows {counted(len(unknown), 'label', 'labels')} that no "
            f"submission of this card can name: {listed(unknown, SHOWN)}; it can name {listed(known, SHOWN)}. Look at "
            "target.column and target.new_class, or write the train labels as the sample does, by a function of your "
            "own (docs/own-code.md)."
        )


def _unreadable(images: pd.DataFrame, namesakes: str) -> Iterator[str]:
    is_missing = images["error"] == MISSING
    files = images["path"].nunique()
    go_on = f"set prepare.unreadable_share to {share_to_allow(images):g} or more to go on without them."
    missing = images.loc[is_missing, "path"].drop_duplicates()
    if len(missing):
        yield (
            f"{len(missing):,} of {files:,} images are missing: {listed(missing, 5)}.{namesakes} Correct the card's "
            f"layout, or {go_on}"
        )
    unreadable = unreadable_files(images[~is_missing])
    if len(unreadable):
        yield (
            f"{len(unreadable):,} of {files:,} images cannot be read: {describe_unreadable(images[~is_missing])}. "
            f"Correct the card's layout if it says wrongly how to read them, or {go_on}"
        )


def _repeated(rows: pd.DataFrame, shown: Sequence[str], images: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[str]:
    """Images that show the same, by where they stand: in train, with different labels, or in train and test."""
    duplicates = list_duplicates(rows, shown, images, pairs)
    paths = ["first_path", "second_path"]
    duplicates[paths] = duplicates[paths].map(_names_in_records(rows, images))
    is_one_file = duplicates["first_path"] == duplicates["second_path"]
    is_of_train = (duplicates["first_part"] == "train") & (duplicates["second_part"] == "train")
    shared, of_train = duplicates[is_of_train & is_one_file]["first_path"], duplicates[is_of_train & ~is_one_file]
    conflicts, leaks = (duplicates[duplicates["finding"] == finding] for finding in ("conflict", "train and test"))
    if len(shared):
        yield (
            f"{shared.nunique():,} train images belong to several rows each, which share a fold: "
            f"{listed(shared.unique(), SHOWN)}."
        )
    if len(of_train):
        yield f"{len(of_train):,} pairs of train images show the same, which share a fold: {_shown(of_train)}."
    if len(conflicts):
        yield f"{len(conflicts):,} of these pairs have different labels: {_shown(conflicts)}."
    if len(leaks):
        yield f"{len(leaks):,} pairs of an image of train and one of test show the same, a leak: {_shown(leaks)}."


def _names_in_records(rows: pd.DataFrame, images: pd.DataFrame) -> Callable[[str], str]:
    """A function from a picture's address to what a person finds it by: of one in a record the first row's id."""
    ids = images.drop_duplicates("path").set_index("path")["row"].map(rows["row_id"])
    return lambda path: f"`{ids[path]}` in {places_of(path)[0]}" if RECORD in path else path


def _shown(pairs: pd.DataFrame) -> str:
    return listed((pairs["first_path"] + " = " + pairs["second_path"]).tolist(), SHOWN)


def _shifted(rows: pd.DataFrame, images: pd.DataFrame) -> Iterator[str]:
    """Train and test differ in size or aspect (Kolmogorov and Smirnov's test of two samples)."""
    readable = images[images["error"].isna()]
    is_train = (rows["part"].to_numpy() == "train")[readable["row"]]
    if is_train.all() or not is_train.any():
        return
    measures = {
        "height": readable["height"],
        "width": readable["width"],
        "aspect (width / height)": readable["width"] / readable["height"],
    }
    for name, values in measures.items():
        train, test = values[is_train], values[~is_train]
        result: Any = ks_2samp(train, test)  # scipy's own type hides its fields
        if result.statistic > SHIFTED and result.pvalue < CHANCE:
            yield f"Train and test differ in {name}: the medians are {train.median():.4g} and {test.median():.4g}."


def _uneven(targets: np.ndarray, classes: tuple[str, ...]) -> Iterator[str]:
    counts = class_counts(targets, classes)
    if counts is None:
        return
    absent, single = counts.index[counts == 0], counts.index[counts == 1]
    if len(absent):
        yield f"{len(absent):,} of {len(classes):,} classes have no train row: {listed(absent, SHOWN)}."
    if len(single):
        yield f"{len(single):,} classes have one train row, so that none is left to validate: {listed(single, SHOWN)}."
    present = counts[counts > 0]
    if present.max() > IMBALANCE * present.min():
        yield (
            f"The classes are uneven: {present.idxmax()} has {present.max():,} train rows, {present.idxmin()} "
            f"{present.min():,}."
        )
