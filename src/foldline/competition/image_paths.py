"""The path of each row's image: a template filled from a table's columns, and held against the archives."""

from collections.abc import Collection
from pathlib import PurePosixPath

import pandas as pd

from foldline.archives import Archives
from foldline.cards.templates import parse_template
from foldline.refusal import Refusal, listed


def template_columns(template: str) -> tuple[str, ...]:
    return tuple(piece.column for piece in parse_template(template) if piece.column is not None)


def fill_template(template: str, table: pd.DataFrame) -> pd.Series:
    """`template` with the columns' values, a path per line of `table`."""
    paths = pd.Series("", index=table.index, dtype="str")
    for piece in parse_template(template):
        paths = paths + piece.literal
        if piece.column is not None:
            values = table[piece.column]
            paths = paths + (values if piece.character is None else values.str.get(piece.character).fillna(""))
    return paths


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
