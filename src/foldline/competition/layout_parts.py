"""What every kind of layout says of a part: lines with columns of text, and the pictures of each line."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from foldline.competition.source_tables import suggestion
from foldline.refusal import Refusal, listed

Wanted = Sequence[tuple[str, str]]
"""Pairs of the place in the card that names a column, and the column."""


@dataclass(frozen=True)
class PartLines:
    """One line per picture and label."""

    columns: pd.DataFrame
    """At least the wanted columns: text, empty where there is nothing. The index is the line in the source, from 0."""
    paths: pd.Series
    """In the form of tables/addresses.py; the same index as `columns`."""
    source: str
    """The file they come from, for messages."""


def refuse_absent_columns(wanted: Wanted, found: Sequence[str], source: str) -> None:
    for fact, column in wanted:
        if column not in found:
            raise Refusal(
                f"{source} has no column `{column}`, which the card's {fact} names.{suggestion(column, found)} "
                f"Found {listed(found, 20)}. Correct the card."
            )
