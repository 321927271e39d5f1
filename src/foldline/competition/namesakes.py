"""Files that have the name of one that is not there, but lie elsewhere: what the path in the card should have given."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath

import pandas as pd

from foldline.archive.addresses import RECORD, places_of
from foldline.files.refusal import Refusal, listed


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

    lines: path (tables/addresses.py), missing (empty where it is there).
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
