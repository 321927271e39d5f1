"""The path of each row's image: a template filled from a table's columns, and held against the archives."""

import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

import pandas as pd

from foldline.archives import Archives
from foldline.cards.templates import Piece
from foldline.refusal import Refusal, listed

SUFFIX = re.compile(r"(?<=[^/])\.[^./]+$")


def columns_of(pieces: Sequence[Piece]) -> tuple[str, ...]:
    return tuple(piece.column for piece in pieces if piece.column is not None)


def filled(pieces: Sequence[Piece], table: pd.DataFrame) -> pd.Series:
    """A template's `pieces` (cards/templates.py) with the columns' values, a text per line of `table`."""
    texts = pd.Series("", index=table.index, dtype="str")
    for piece in pieces:
        texts = texts + piece.literal
        if piece.column is not None:
            texts = texts + _part(table[piece.column], piece)
    return texts


def _part(values: pd.Series, piece: Piece) -> pd.Series:
    if piece.stem:
        values = values.str.replace(SUFFIX, "", regex=True)
    if piece.character is not None:
        values = values.str.get(piece.character).fillna("")
    return values.str.zfill(piece.digits)


def refuse_missing_images(lines: pd.DataFrame, archives: Archives, source: str, fact: str) -> None:
    """`lines`: row_id, path. Raises Refusal when a path is not among the archives' files."""
    names = set(archives.names)
    present = lines["path"].isin(names)
    if present.all():
        return
    tried = lines.loc[~present].iloc[0]
    if not present.any():
        raise Refusal(
            f"{source}: none of its {len(lines)} images is there. The card's {fact} gives `{tried['path']}` for the id "
            f"`{tried['row_id']}`, while the archives hold {listed(_nearest(tried['path'], archives.names), 3)}. "
            "Correct the template."
        )
    absent = (lines.loc[~present, "row_id"] + " (" + lines.loc[~present, "path"] + ")").tolist()
    raise Refusal(
        f"{source}: {len(absent)} of its {len(lines)} rows have no image: {listed(absent, 5)}. "
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
