"""What looks wrong in a competition's rows, labels and images, each finding in one sentence with first examples."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from foldline.archive.addresses import RECORD, places_of
from foldline.competition.missing_images import describe_unreadable, share_to_allow, unreadable_files
from foldline.doctor.diagnosis import class_counts
from foldline.files.refusal import counted, listed
from foldline.folds.duplicates_table import list_duplicates
from foldline.pixels.cache import MISSING

SHOWN = 3
IMBALANCE = 10
"""The most frequent class has more than so many times the rows of the rarest."""
SHIFTED = 0.1
"""The Kolmogorov-Smirnov distance between train and test from which a difference of sizes matters."""
USUAL_FOLDS = 5
CHANCE = 0.001
"""A p-value below it is not chance."""
DIFFERENT = (
    " That is right where an image has several labels, or where what is labelled is smaller than a doctor's thumbnail "
    "shows; else some labels are wrong, and no model can learn both."
)


def data_warnings(
    rows: pd.DataFrame,
    images: pd.DataFrame,
    targets: np.ndarray,
    classes: tuple[str, ...],
    shown: Sequence[str],
    pairs: pd.DataFrame,
    instead: str = "",
) -> Iterator[str]:
    """rows, images: as in their tables. targets: of the train rows, in the form of files/rows.py. shown: the
    same, as a person reads them. pairs: first, second, the indices in the pixel cache of near-duplicate images.
    instead: as the layout says of missing images."""
    yield from _unreadable(images, instead)
    yield from _repeated(rows, shown, images, pairs)
    yield from _shifted(rows, images)
    yield from _uneven(targets, classes)
    yield from _few_groups(rows, targets, classes)


def _unreadable(images: pd.DataFrame, instead: str) -> Iterator[str]:
    is_missing = images["error"] == MISSING
    files = images["path"].nunique()
    go_on = f"set prepare.max_unreadable_fraction to {share_to_allow(images):g} or more to go on without them."
    missing = images.loc[is_missing, "path"].drop_duplicates()
    if len(missing):
        yield (
            f"{len(missing):,} of {files:,} images are missing: {listed(missing, 5)}.{instead} Correct the card's "
            f"layout, or {go_on}"
        )
    if described := describe_unreadable(images[~is_missing]):
        yield (
            f"{len(unreadable_files(images[~is_missing])):,} of {files:,} images cannot be read: {described}. Correct "
            f"the card's layout if it says wrongly how to read them, or {go_on}"
        )


def _repeated(rows: pd.DataFrame, shown: Sequence[str], images: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[str]:
    """Near-duplicate images, by where they stand: in train, with different labels, or across train and test."""
    found = list_duplicates(rows, shown, images, pairs)
    paths = ["first_path", "second_path"]
    found[paths] = found[paths].map(_names_in_records(rows, images))
    is_one_file = found["first_path"] == found["second_path"]
    is_of_train = (found["first_part"] == "train") & (found["second_part"] == "train")
    if shared := found.loc[is_of_train & is_one_file, "first_path"].unique().tolist():
        belong = counted(len(shared), "train image belongs", "train images belong")
        yield f"{belong} to several rows each, which share a fold: {listed(shared, SHOWN)}."
    for mask, what, meaning in (
        (is_of_train & ~is_one_file, "of train images (they share a fold)", ""),
        (found["finding"] == "conflict", "of train images that are the same under different labels", DIFFERENT),
        (found["finding"] == "train and test", "across train and test (a leak)", ""),
    ):
        of_finding = (found["first_path"] + " = " + found["second_path"])[mask]
        if len(of_finding):
            pairs_found = counted(len(of_finding), "near-duplicate pair", "near-duplicate pairs")
            yield f"{pairs_found} {what}: {listed(of_finding, SHOWN)}.{meaning}"


def _names_in_records(rows: pd.DataFrame, images: pd.DataFrame) -> Callable[[str], str]:
    """A function from an image's address to what a person finds it by: of one in a record the first row's id."""
    ids = images.drop_duplicates("path").set_index("path")["row"].map(rows["row_id"])
    return lambda path: f"`{ids[path]}` in {places_of(path)[0]}" if RECORD in path else path


def _shifted(rows: pd.DataFrame, images: pd.DataFrame) -> Iterator[str]:
    """Train and test differ in size or aspect (two-sample Kolmogorov-Smirnov test)."""
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
            most = result.statistic_location
            yield (
                f"Train and test differ in {name}: it is at most {most:.4g} for {(train <= most).mean():.0%} of train "
                f"images and {(test <= most).mean():.0%} of test images."
            )


def _uneven(targets: np.ndarray, classes: tuple[str, ...]) -> Iterator[str]:
    counts = class_counts(targets, classes)
    if counts is None:
        return
    absent, single, present = counts.index[counts == 0], counts.index[counts == 1], counts[counts > 0]
    if len(absent):
        yield (
            f"{len(absent):,} of {counted(len(classes), 'class has', 'classes have')} no train row: "
            f"{listed(absent, SHOWN)}."
        )
    if len(single):
        has = counted(len(single), "class has", "classes have")
        yield f"{has} one train row, so that none is left to validate: {listed(single, SHOWN)}."
    if present.max() > IMBALANCE * present.min():
        yield (
            f"The classes are imbalanced: {present.idxmax()} has {present.max():,} train rows, {present.idxmin()} has "
            f"{present.min():,}."
        )


def _few_groups(rows: pd.DataFrame, targets: np.ndarray, classes: tuple[str, ...]) -> Iterator[str]:
    groups = rows.loc[rows["part"] == "train", "group"]
    if groups.isna().any():
        return
    if len(groups) > 1 and groups.is_unique:
        yield (
            "Each train row is a group of its own (target.group), so that it keeps no rows together. Name the column "
            "whose values rows share, such as the patient or the place, or null."
        )
    elif groups.nunique() == 1:
        yield (
            f"All train rows are of one group, `{groups.iloc[0]}`, so that no fold can be held back. Name another "
            "column as target.group, or null."
        )
    elif groups.nunique() < USUAL_FOLDS:
        yield f"Train rows are of {groups.nunique()} groups (target.group), and split.count can be no larger."
    if groups.duplicated().any() and groups.nunique() > 1 and targets.ndim == 1:
        found = groups.groupby(targets).agg(["size", "nunique"])
        lone = found.index[(found["size"] > 1) & (found["nunique"] == 1)]
        if len(lone):
            yield (
                f"{len(lone):,} of {len(found):,} classes have all their rows in one group (target.group), so that "
                f"none is left to validate: {listed((classes[position] for position in lone), SHOWN)}."
            )
