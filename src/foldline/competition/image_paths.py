"""The path of each row's image: a template filled from a table's columns, and held against the archives."""

import bisect
import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

import pandas as pd

from foldline.archives import Archives
from foldline.cards.templates import Piece
from foldline.refusal import Refusal, listed
from foldline.tables.addresses import files_of

SUFFIX = re.compile(r"(?<=[^/])\.[^./]+$")


def filled(pieces: Sequence[Piece], table: pd.DataFrame) -> pd.Series:
    """A template's `pieces` (cards/templates.py) with the columns' values, a text per line of `table`."""
    texts = pd.Series("", index=table.index, dtype="str")
    for piece in pieces:
        texts = texts + piece.literal
        if piece.column is not None:
            texts = texts + _part(table[piece.column], piece)
    return texts


def _part(values: pd.Series, piece: Piece) -> pd.Series:
    if piece.part == "stem":
        values = values.str.replace(SUFFIX, "", regex=True)
    elif piece.part is not None:
        values = values.str.rpartition("_")[0 if piece.part == "head" else 2]
    if piece.character is not None:
        values = values.str.get(piece.character).fillna("")
    return values.str.zfill(piece.digits)


def with_wildcards(paths: pd.Series, names: Collection[str]) -> pd.Series:
    """For each path with `*` a line per name that fits it, in the order of names; with the index of `paths`.

    `*` stands for any text within a folder's or file's name. A path that no name fits stays as it is.
    """
    patterns = paths[paths.str.contains("*", regex=False)]
    if patterns.empty:
        return paths
    ordered = sorted(names)
    found = {pattern: _fitting(pattern, ordered) or [pattern] for pattern in patterns.unique()}
    return paths.map(lambda path: found.get(path, path)).explode().astype("str")


def _fitting(pattern: str, ordered: Sequence[str]) -> list[str]:
    """The names between the first and the last one that begin as `pattern` does are few, however many there are."""
    start = pattern[: pattern.index("*")]
    first = bisect.bisect_left(ordered, start)
    last = bisect.bisect_right(ordered, start + chr(0x10FFFF))
    fits = re.compile("[^/]*".join(re.escape(text) for text in pattern.split("*"))).fullmatch
    return [name for name in ordered[first:last] if fits(name)]


def refuse_missing_images(lines: pd.DataFrame, archives: Archives, source: str, fact: str) -> None:
    """`lines`: row_id, path (tables/addresses.py). Raises Refusal when a path is not among the archives' files."""
    names = set(archives.names)
    absent = [next((file for file in files_of(path) if file not in names), "") for path in lines["path"]]
    tried = lines.assign(path=absent)
    tried = tried[tried["path"] != ""]
    if tried.empty:
        return
    if len(tried) == len(lines):
        first = tried.iloc[0]
        raise Refusal(
            f"{source}: none of its {len(lines)} images is there. The card's {fact} gives `{first['path']}` for the id "
            f"`{first['row_id']}`, while the archives hold {listed(_nearest(first['path'], archives.names), 3)}. "
            "Correct the template."
        )
    missing = (tried["row_id"] + " (" + tried["path"] + ")").tolist()
    raise Refusal(
        f"{source}: {len(missing)} of its {len(lines)} rows have no image: {listed(missing, 5)}. "
        f"Correct the card's {fact}, or download the competition anew if its archives are incomplete."
    )


def _nearest(path: str, names: Collection[str]) -> list[str]:
    """Files of the same name in another folder or with another suffix, else of the same suffix, else any."""
    tried = PurePosixPath(path)
    alike = (
        [name for name in names if PurePosixPath(name).stem == tried.stem],
        [name for name in names if PurePosixPath(name).suffix == tried.suffix],
        list(names),
    )
    return next((found for found in alike if found), [])
