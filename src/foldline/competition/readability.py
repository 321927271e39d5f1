"""Images that cannot be read: listed with their reason, refused above a share, else not learned from."""

import re
from pathlib import Path

import pandas as pd

from foldline.archive.addresses import shown_address
from foldline.competition.missing_images import ALLOWED, rounded_up
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import whole_file
from foldline.pixels.cache import COLUMNS

SHOWN_REASONS, SHOWN_FILES = 5, 3
WIDTH = 1000
"""Of a reason after its files."""
NUMBERS = re.compile(r"\d+")


def link_images(images: pd.DataFrame, decoded: pd.DataFrame) -> pd.DataFrame:
    """`images.parquet` (pixels/cache.py) from the layout's images (row, path) and the cache's row per path."""
    linked = images.merge(decoded, on="path", how="left", validate="many_to_one")
    return linked.astype({"error": "str"})[list(COLUMNS)]


def unreadable_files(images: pd.DataFrame) -> pd.DataFrame:
    """path, error: a row per file that cannot be read."""
    return images.loc[images["error"].notna(), ["path", "error"]].drop_duplicates("path")


def describe_unreadable(images: pd.DataFrame) -> str:
    """Each reason once, the commonest first, after some of its files; empty when all can be read.

    Reasons that differ in numbers alone (how many bytes a file lacks) are one, told by its first file's.
    """
    unreadable = unreadable_files(images)
    if unreadable.empty:
        return ""
    kinds = unreadable["error"].str.replace(NUMBERS, "N", regex=True)
    files = [
        (group["path"].map(shown_address).tolist(), group["error"].iloc[0])
        for _, group in unreadable.groupby(kinds, sort=False)
    ]
    files.sort(key=lambda found: -len(found[0]))
    shown = (f"{listed(paths, SHOWN_FILES)}: {reason}" for paths, reason in files)
    return listed(shown, SHOWN_REASONS, WIDTH)


def write_unreadable(path: Path, images: pd.DataFrame) -> None:
    """All of them, one per line (path, error), or no file when all can be read.

    No stage's out, so that it is there when `prepare` refuses; images.parquet says the same when it does not.
    """
    unreadable = unreadable_files(images)
    if unreadable.empty:
        path.unlink(missing_ok=True)
        return
    with whole_file(path) as partial:
        unreadable.assign(path=unreadable["path"].map(shown_address)).to_csv(partial, index=False, lineterminator="\n")


def report_unreadable(path: Path, images: pd.DataFrame, allowed_fraction: float) -> str:
    """Lists them in the file `path`; a sentence that says so. Raises Refusal as `refuse_unreadable` does."""
    write_unreadable(path, images)
    refuse_unreadable(images, allowed_fraction, path)
    unreadable = describe_unreadable(images)
    return f"{len(unreadable_files(images))} unreadable images: {unreadable}. {path} lists all." if unreadable else ""


def share_to_allow(images: pd.DataFrame) -> float:
    """The least `prepare.max_unreadable_fraction` with which the stage goes on without what cannot be read, rounded up.

    It counts images before they are decoded, and files after that; images: path, error."""
    return rounded_up(max(images["error"].notna().mean(), len(unreadable_files(images)) / images["path"].nunique()))


def describe_none(images: pd.DataFrame) -> str:
    """What to say when no image can be read: there is nothing to go on with."""
    return (
        f"None of {images['path'].nunique()} images can be read: {describe_unreadable(images)}. Correct the card's "
        "layout."
    )


def refuse_unreadable(images: pd.DataFrame, allowed_fraction: float, listed_in: Path) -> None:
    """Raises Refusal when more than `allowed_fraction` of the images cannot be read; `listed_in` names all of these."""
    files, unreadable = images["path"].nunique(), unreadable_files(images)
    if len(unreadable) <= allowed_fraction * files:
        return
    if len(unreadable) == files:
        raise Refusal(describe_none(images))
    raise Refusal(
        f"{len(unreadable)} of {files} images cannot be read, a fraction of {len(unreadable) / files:.2g}, above "
        f"prepare.max_unreadable_fraction ({allowed_fraction:g}): {describe_unreadable(images)}. {listed_in} lists all."
        " Correct the card's layout if it says wrongly how to read them, or download the competition anew if its "
        f"archives are damaged. {ALLOWED}"
    )
