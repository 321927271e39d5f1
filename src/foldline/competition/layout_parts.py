"""What every kind of layout says of a part: lines with columns of text, and the pictures of each line."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

Wanted = Sequence[tuple[str, str]]
"""Pairs of the place in the card that names a column, and the column."""


@dataclass(frozen=True)
class PartLines:
    """One line per picture and label."""

    columns: pd.DataFrame
    """At least the wanted columns: text, empty where there is nothing. The index is the line in the source, from 0; or,
    with a name, what the line is of."""
    paths: pd.Series
    """In the form of tables/addresses.py; the same index as `columns`."""
    source: str
    """The file they come from, for messages."""
