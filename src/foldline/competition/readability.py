"""Images that are missing or cannot be read: listed with their reason, refused above a share, else not learned from."""

import math
import re
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import pandas as pd

from foldline.archive.addresses import RECORD, ArrayFile, open_array_file, parse_in_array, places_of, shown_address
from foldline.archive.archives import Archives
from foldline.archive.path_spelling import one_per_folder
from foldline.archive.unpacking import closed_archives
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import whole_file
from foldline.pixels.cache import COLUMNS


def missing_files(paths: pd.Series, archives: Archives) -> pd.Series:
    """Of each picture (archive/addresses.py) the first file that the archives do not hold, else the empty text."""
    holds = _Contents(archives).holds
    absent = [next((place for place in places_of(path) if not holds(place)), "") for path in paths]
    return pd.Series(absent, index=paths.index, dtype="str")


def describe_absence(lines: pd.DataFrame, archives: Archives, fact: str) -> str:
    """Says of a part of a layout that not a single one of its images is there; else it is the empty text.

    lines: row_id, missing, as `missing_files` gives it. fact: where the card has the part.
    """
    if (lines["missing"] == "").any():
        return ""
    path = lines["missing"].iloc[0]
    return (
        f"The card's {fact}: none of its {len(lines)} images is there. The path gives `{path}` for the id "
        f"`{lines['row_id'].iloc[0]}`, while the archives hold {listed(_nearest(path, archives.names), 4)}."
        f"{closed_archives(archives.names)}"
    )


class _Contents:
    """What lies in the archives, and in the files of arrays there."""

    def __init__(self, archives: Archives) -> None:
        self.archives = archives
        self._arrays: dict[str, ArrayFile] = {}

    def holds(self, place: str) -> bool:
        if place in self.archives:
            return True
        in_array = parse_in_array(place)
        if in_array is None or in_array.file not in self.archives:
            return False
        if in_array.file not in self._arrays:
            self._arrays[in_array.file] = open_array_file(self.archives.file(in_array.file), in_array.file)
        return self._arrays[in_array.file].holds(in_array.name, in_array.row)


def _nearest(path: str, names: Collection[str]) -> list[str]:
    """Files of the same name in another folder or with another suffix, else in the folder that is there of those on the
    way, else of the same suffix, else any; folder by folder where there are several."""
    tried = PurePosixPath(path)
    alike = (
        lambda name: PurePosixPath(name).stem == tried.stem,
        *(partial(_lies_in, folder=f"{folder}/") for folder in tried.parents[:-1]),
        lambda name: PurePosixPath(name).suffix == tried.suffix,
        lambda name: True,
    )
    found = next(found for is_alike in alike if (found := [name for name in names if is_alike(name)]))
    folders = one_per_folder(found)
    return folders if len(folders) > 1 else found


def _lies_in(name: str, folder: str) -> bool:
    return name.startswith(folder)


def exact_namesakes(missing: Sequence[str], names: Collection[str], found: Iterable[str]) -> dict[str, str]:
    """Of each path in `missing` a file of the same name in another folder, where there is one.

    names: of all files. found: the rows' images that are there. A name that one of these has proves nothing: test
    images may be numbered anew, as `train/1.jpg` and `test/1.jpg`.
    """
    taken = {_last(path) for path in found}
    wanted = {_last(path) for path in missing} - taken
    elsewhere = {_last(name): name for name in names if _last(name) in wanted}
    return {path: elsewhere[_last(path)] for path in missing if _last(path) in elsewhere}


def _last(path: str) -> str:
    return path[path.rfind("/") + 1 :]


def found_files(lines: pd.DataFrame) -> list[str]:
    """The files of pictures that are there, or none where nothing is missing.

    lines: path (archive/addresses.py), missing (empty where it is there).
    """
    is_missing = lines["missing"] != ""
    paths = lines.loc[~is_missing, "path"] if is_missing.any() else ()
    return [place for path in paths if RECORD not in path for place in places_of(path)]


def refuse_wrong_path(absence: str, missing: Sequence[str], names: Collection[str], found: Iterable[str]) -> None:
    """Raises Refusal when files of most of the names in `missing` lie elsewhere: the path is wrong, nothing is hidden.

    absence: the sentence that says that a part has not a single image. missing: all of that part.
    """
    exact = exact_namesakes(missing, names, found)
    if 2 * len(exact) > len(missing):
        path, name = next(iter(exact.items()))
        raise Refusal(
            f"{absence} `{path}` lies at `{name}`, and of {len(exact):,} of these {len(missing):,} images a file of "
            "the same name lies elsewhere. Correct the template."
        )


def describe_namesakes(missing: Sequence[str], names: Collection[str], found: Iterable[str]) -> str:
    """Says which files have the names of those that are `missing`, in another folder; else which files have the first
    one's with another suffix or in other letters; else the empty text."""
    exact = exact_namesakes(missing, names, found)
    if exact:
        path, name = next(iter(exact.items()))
        others = f", and {len(exact) - 1:,} others likewise" if len(exact) > 1 else ""
        return f" In the place of `{path}` the archives hold {name}{others}."
    path = missing[0] if len(missing) else ""
    stem, folder = PurePosixPath(path).stem.casefold(), PurePosixPath(path).parent
    alike = [name for name in names if stem and stem in name.casefold() and PurePosixPath(name).stem.casefold() == stem]
    if not alike:
        return ""
    suffix = " A path that ends in `.*` finds any suffix." if PurePosixPath(alike[0]).parent == folder else ""
    return f" In the place of `{path}` the archives hold {listed(alike, 3)}.{suffix}"


SHOWN_REASONS, SHOWN_FILES = 5, 3
WIDTH = 1000
"""Of a reason after its files."""
NUMBERS = re.compile(r"\d+")


def link_images(images: pd.DataFrame, decoded: pd.DataFrame) -> pd.DataFrame:
    """`images.parquet` (pixels/cache.py) from the layout's images (row, path) and the cache's line per path."""
    linked = images.merge(decoded, on="path", how="left", validate="many_to_one")
    return linked.astype({"error": "str"})[list(COLUMNS)]


def unreadable_files(images: pd.DataFrame) -> pd.DataFrame:
    """path, error: a line per file that cannot be read."""
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


def share_to_allow(images: pd.DataFrame) -> float:
    """The least `prepare.unreadable_share` with which the stage goes on without all that cannot be read, rounded up.

    It counts images before they are decoded, and files after that; images: path, error."""
    return _rounded_up(max(images["error"].notna().mean(), len(unreadable_files(images)) / images["path"].nunique()))


def _rounded_up(share: float) -> float:
    return math.ceil(share * 1000) / 1000


def describe_hidden(absent: Collection[str], missing_share: float) -> str:
    """What a test set without a single image may be, a mistake or a secret; absent: as the layout lists such parts."""
    return (
        f"{' '.join(absent)} Correct the template. Or, where the competition shows its test images to submitted "
        f"notebooks alone, set prepare.unreadable_share to {_rounded_up(missing_share):g} or more: then "
        "these rows have blank pictures, and their answers mean nothing."
    )


def refuse_missing(
    missing: Collection[str], absent: Collection[str], namesakes: str, images: pd.DataFrame, allowed_share: float
) -> None:
    """Raises Refusal, before anything is decoded, when more than `allowed_share` of the images are not there.

    missing, absent, namesakes: as the layout lists them. images: row, path.
    """
    if len(missing) <= allowed_share * len(images):
        return
    if absent:
        raise Refusal(describe_hidden(absent, len(missing) / len(images)))
    raise Refusal(
        f"{len(missing)} of {len(images)} images are missing, a share of {len(missing) / len(images):.2g}, above "
        f"prepare.unreadable_share ({allowed_share:g}): {listed(missing, 5)}.{namesakes} Correct the card's layout, or "
        "download the competition anew if its archives are incomplete. Or set prepare.unreadable_share above this "
        "share: then these images are blank, and train rows without another image belong to no fold."
    )


def describe_none(images: pd.DataFrame) -> str:
    """What to say when no image can be read: there is nothing to go on with."""
    return (
        f"None of {images['path'].nunique()} images can be read: {describe_unreadable(images)}. Correct the card's "
        "layout."
    )


def refuse_unreadable(images: pd.DataFrame, allowed_share: float, listed_in: Path) -> None:
    """Raises Refusal when more than `allowed_share` of the images cannot be read; `listed_in` names all of these."""
    files, unreadable = images["path"].nunique(), unreadable_files(images)
    if len(unreadable) <= allowed_share * files:
        return
    if len(unreadable) == files:
        raise Refusal(describe_none(images))
    raise Refusal(
        f"{len(unreadable)} of {files} images cannot be read, a share of {len(unreadable) / files:.2g}, above "
        f"prepare.unreadable_share ({allowed_share:g}): {describe_unreadable(images)}. {listed_in} lists all. Correct "
        "the card's layout if it says wrongly how to read them, or download the competition anew if its archives are "
        "damaged. Or set prepare.unreadable_share above this share: then these images are blank, and train rows "
        "without another image belong to no fold."
    )
