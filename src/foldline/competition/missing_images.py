"""Images that are missing: those that the archives do not hold, by a mistake in the card or since the test set is kept
secret, and those that cannot be read. Listed with their reason, refused above a fraction, else not learned from.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import pandas as pd

from foldline.archive.addresses import RECORD, open_array_file, parse_in_array, places_of, shown_address
from foldline.archive.archives import Archives
from foldline.archive.containers import unopened_archives
from foldline.archive.file_names import one_per_folder
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import whole_file
from foldline.pixels.cache import COLUMNS

ALLOWED = (
    "Or set prepare.max_unreadable_fraction above this: then these images are blank, and train rows without "
    "another image belong to no fold."
)


@dataclass(frozen=True)
class Absences:
    """What a layout says of its missing images besides which they are."""

    parts: tuple[str, ...] = ()
    """A sentence for each part of the test set of which not a single image is there."""
    instead: str = ""
    """What the archives hold instead of the first one, a sentence with a blank before; or the empty text."""


def refuse_missing(images: pd.DataFrame, absences: Absences, allowed_fraction: float) -> None:
    """Raises Refusal, before anything is decoded, when more than `allowed_fraction` of the images are missing.

    images: row, path, and missing as `missing_files` gives it.
    """
    missing = images.loc[images["missing"] != "", "missing"]
    fraction = len(missing) / len(images)
    if fraction <= allowed_fraction:
        return
    if absences.parts:
        raise Refusal(describe_hidden(absences.parts, fraction))
    raise Refusal(
        f"{len(missing)} of {len(images)} images are missing, a fraction of {fraction:.2g}, above "
        f"prepare.max_unreadable_fraction ({allowed_fraction:g}): {listed(missing, 5)}.{absences.instead} Correct "
        f"the card's layout, or download the competition anew if its archives are incomplete. {ALLOWED}"
    )


def describe_hidden(parts: Collection[str], fraction: float) -> str:
    """What a test set without a single image may be, a mistake or a secret. parts: as `Absences` has them; fraction: of
    the images that are missing."""
    return (
        f"{' '.join(parts)} Correct the template. Or, where the competition shows its test images to submitted "
        f"notebooks alone, set prepare.max_unreadable_fraction to {rounded_up(fraction):g} or more: then these rows "
        "have blank images, and their answers mean nothing."
    )


def rounded_up(fraction: float) -> float:
    return math.ceil(fraction * 1000) / 1000


def missing_files(paths: pd.Series, archives: Archives) -> pd.Series:
    """Of each image (archive/addresses.py) the first file that the archives do not hold, else the empty text."""
    opened = cache(lambda file: open_array_file(archives.file(file), file))

    def holds(place: str) -> bool:
        in_array = parse_in_array(place)
        if place in archives or in_array is None or in_array.file not in archives:
            return place in archives
        return opened(in_array.file).holds(in_array.name, in_array.row)

    absent = [next((place for place in places_of(path) if not holds(place)), "") for path in paths]
    return pd.Series(absent, index=paths.index, dtype="str")


Lines = Mapping[str, pd.DataFrame]
"""row_id, path and missing (as `missing_files` gives it) of each part of a layout, by its place in the card."""


def find_absences(train: Lines, test: Lines, archives: Archives) -> Absences:
    """Raises Refusal where not a single image of a part of the train set is there; or of the test set, although files
    of most of the names lie elsewhere: then the path is wrong, nothing is hidden."""
    absent = {fact: lines["missing"] for fact, lines in {**train, **test}.items() if (lines["missing"] != "").all()}
    said = {fact: _nothing_there({**train, **test}[fact], archives, fact) for fact in absent}
    if of_train := [sentence for fact, sentence in said.items() if fact in train]:
        raise Refusal(f"{' '.join(of_train)} Correct the template.")
    lines = pd.concat([*train.values(), *test.values()])
    missing = lines.loc[lines["missing"] != "", "missing"].unique().tolist()
    if not missing:
        return Absences()
    elsewhere = _same_names(missing, lines.loc[lines["missing"] == "", "path"], archives.names)
    for fact, sentence in said.items():
        paths = absent[fact].unique().tolist()
        found = [path for path in paths if path in elsewhere]
        if 2 * len(found) > len(paths):
            raise Refusal(
                f"{sentence} `{found[0]}` lies at `{elsewhere[found[0]]}`, and of {len(found):,} of these "
                f"{len(paths):,} images a file of the same name lies elsewhere. Correct the template."
            )
    return Absences(tuple(said.values()), _instead(missing[0], elsewhere, archives.names))


def _nothing_there(lines: pd.DataFrame, archives: Archives, fact: str) -> str:
    path = lines["missing"].iloc[0]
    return (
        f"The card's {fact}: none of its {len(lines)} images is there. The path gives `{path}` for the id "
        f"`{lines['row_id'].iloc[0]}`, while the archives hold {listed(_nearest(path, archives.names), 4)}."
        f"{unopened_archives(archives.names)}"
    )


def _nearest(path: str, names: Sequence[str]) -> Sequence[str]:
    """Files of the same name in another folder or with another suffix, else in the folder that is there of those on the
    way, else of the same suffix, else any; folder by folder where there are several."""
    tried = PurePosixPath(path)
    candidates = (
        [name for name in names if PurePosixPath(name).stem == tried.stem],
        *([name for name in names if name.startswith(f"{folder}/")] for folder in tried.parents[:-1]),
        [name for name in names if PurePosixPath(name).suffix == tried.suffix],
        names,
    )
    found = next(filter(None, candidates), ())
    folders = one_per_folder(found)
    return folders if len(folders) > 1 else found


def _same_names(missing: Sequence[str], found: Iterable[str], names: Sequence[str]) -> dict[str, str]:
    """Of each `missing` file one of the same name in another folder, where there is one.

    found: addresses of the rows' images that are there. A name that one of these has proves nothing: test images may be
    numbered anew, as `train/1.jpg` and `test/1.jpg`.
    """
    taken = {_last(place) for path in found if RECORD not in path for place in places_of(path)}
    wanted = {_last(path) for path in missing} - taken
    elsewhere = {_last(name): name for name in names if _last(name) in wanted}
    return {path: elsewhere[_last(path)] for path in missing if _last(path) in elsewhere}


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _instead(first: str, elsewhere: Mapping[str, str], names: Sequence[str]) -> str:
    """Files with the names of missing ones in another folder; else those with the first one's name, but for suffix and
    case."""
    if elsewhere:
        path, name = next(iter(elsewhere.items()))
        others = f", and {len(elsewhere) - 1:,} others likewise" if len(elsewhere) > 1 else ""
        return f" Instead of `{path}` the archives hold {name}{others}."
    wanted = PurePosixPath(first)
    alike = [name for name in names if PurePosixPath(name).stem.casefold() == wanted.stem.casefold()]
    if not alike:
        return ""
    suffix = " A path that ends in `.*` finds any suffix." if PurePosixPath(alike[0]).parent == wanted.parent else ""
    return f" Instead of `{first}` the archives hold {listed(alike, 3)}.{suffix}"


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
