"""`duplicates.csv`: pairs of images of different rows that show the same, verified on pixels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.files.refusal import counted
from foldline.files.truths import read_csv, require_among
from foldline.files.whole_files import whole_file

COLUMNS = ("finding", "first_path", "second_path", "first_part", "second_part", "first_target", "second_target")
"""finding: `train and test` (a leak), `conflict` (two train rows of no common group with different targets, their
images the same but for their coding), or `same`.
Of n equal images n - 1 pairs or more are listed: they connect all. Targets are missing for test rows."""
FINDINGS = ("conflict", "train and test", "same")

RECODED = 8
"""Grey levels of a thumbnail by which copies of an image differ: a small animal before the same trees makes more."""


def write_duplicates(path: Path, duplicates: pd.DataFrame) -> None:
    with whole_file(path) as partial:
        duplicates.to_csv(partial, index=False, lineterminator="\n")


def read_duplicates(path: Path) -> pd.DataFrame:
    """As `list_duplicates` gives it."""
    duplicates = read_csv(path, COLUMNS, dict.fromkeys(COLUMNS, str))
    require_among(duplicates, path, "finding", FINDINGS)
    return duplicates


def list_duplicates(
    rows: pd.DataFrame, shown: Sequence[str], images: pd.DataFrame, pairs: pd.DataFrame
) -> pd.DataFrame:
    """The table `duplicates.csv`, in the order of first rows, then of second ones.

    shown: the targets of the train rows, as a person reads them.
    """
    met = _rows_of_pairs(images, pairs).sort_values(["first_row", "second_row", "first_path", "second_path"])
    parts = rows["part"].to_numpy(dtype=object)
    targets = np.array([*shown, *[None] * (len(rows) - len(shown))], dtype=object)
    listed = {"first_path": met["first_path"].to_numpy(), "second_path": met["second_path"].to_numpy()}
    for which in ("first", "second"):
        listed[f"{which}_part"] = parts[met[f"{which}_row"]]
        listed[f"{which}_target"] = targets[met[f"{which}_row"]]
    duplicates = pd.DataFrame(listed)
    groups = rows["group"].to_numpy(dtype=object)
    in_one_group = pd.notna(groups[met["first_row"]]) & (groups[met["first_row"]] == groups[met["second_row"]])
    across = duplicates["first_part"] != duplicates["second_part"]
    train = (duplicates["first_part"] == "train") & ~across
    # One file under two labels is what the table says of it, as of two dogs in an image.
    two_files = duplicates["first_path"] != duplicates["second_path"]
    one_image = two_files & (met["difference"].to_numpy() <= RECODED) & ~in_one_group
    conflicting = train & one_image & (duplicates["first_target"] != duplicates["second_target"])
    finding = pd.Series("same", index=duplicates.index).mask(across, "train and test").mask(conflicting, "conflict")
    return duplicates.assign(finding=finding)[list(COLUMNS)]


def _rows_of_pairs(images: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """first_row, second_row, first_path, second_path, difference of each pair whose images belong to different rows; an
    image of several rows is a pair for each two of them.

    images: row, cache_index, path. pairs: as `near_duplicate_pairs` gives them.
    """
    of_index = images[["cache_index", "row", "path"]]
    indices = images["cache_index"].unique()
    shared = pd.DataFrame({"first": indices, "second": indices, "difference": 0})
    both = pd.concat([shared, pairs], ignore_index=True)
    first = both.merge(of_index.add_prefix("first_"), left_on="first", right_on="first_cache_index")
    met = first.merge(of_index.add_prefix("second_"), left_on="second", right_on="second_cache_index")
    same_image = met["first"] == met["second"]
    return met[(met["first_row"] != met["second_row"]) & (~same_image | (met["first_row"] < met["second_row"]))]


def describe_findings(duplicates: pd.DataFrame) -> str:
    """How many pairs there are, and how many of them are a leak or a conflict."""
    counts = duplicates["finding"].value_counts()
    leaks, conflicts = counts.get("train and test", 0), counts.get("conflict", 0)
    pairs = counted(len(duplicates), "near-duplicate pair", "near-duplicate pairs")
    return f"{pairs}: {leaks} across train/test (leak), {conflicts} of one image with different labels"
