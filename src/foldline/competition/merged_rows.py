"""Rows of which nobody may have meant that they have several images."""

from collections.abc import Collection, Iterator, Mapping

import pandas as pd

from foldline.archive.addresses import shown_address
from foldline.files.refusal import listed

SHOWN = 3


def merged_rows(lines: Mapping[str, pd.DataFrame], walks: Collection[str], fact: str) -> Iterator[str]:
    """What the doctor says of them. lines: row_id, path of each part of `fact`, by its place in the card; walks: those
    of them that no table lists.

    Where an id repeats in one table, the competition itself says what belongs together.
    """
    found = (one[["row_id", "path"]].assign(place=place) for place, one in lines.items())
    pairs = pd.concat(found, ignore_index=True).drop_duplicates(["row_id", "path"])
    several = pairs[pairs["row_id"].duplicated(keep=False)]
    of_parts = several.groupby("row_id")["place"].transform("nunique") > 1
    doubtful = several[of_parts | several["place"].isin(list(walks))]
    if doubtful.empty:
        return
    first = doubtful["row_id"].iloc[0]
    paths = doubtful.loc[doubtful["row_id"] == first, "path"].map(shown_address)
    yield (
        f"{doubtful['row_id'].nunique():,} rows of {fact} have several images, such as row `{first}`: "
        f"{listed(paths, SHOWN)}. If these are different things, put into the id what tells them apart, such as the "
        "folder."
    )
