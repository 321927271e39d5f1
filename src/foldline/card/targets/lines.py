"""Targets that a table gives in a line per row and class, or per row and number."""

from collections.abc import Callable, Iterable
from typing import Any, Literal

import pandas as pd

from foldline.card.targets.kind import Resolve
from foldline.card.templates import IdTemplate, columns_of, filled, parse_id
from foldline.files.refusal import listed
from foldline.params.section import Section

SHOWN = 5
IN_COMMON = "The lines of a row must have one id in common, as `{ID.head}` is of `{ID}`: correct layout.train.id"


class Lines(Section):
    """A line per row and class, or per row and number: `{kind: lines, name: "{ID.tail}", column: Label}`."""

    kind: Literal["lines"]
    name: IdTemplate
    """Of the class or the number: a column, or a template over columns."""
    column: str
    """0 or 1, or the number itself."""

    def named(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a key and the column that it names."""
        return ("column", self.column), *(("name", column) for column in columns_of(parse_id(self.name)))

    def with_columns(self, resolve: Resolve) -> "Lines":
        return self

    def spoken_of(self, table: pd.DataFrame) -> pd.Series:
        """The class or the number of each line."""
        return filled(parse_id(self.name), table)


def united_lines(lines: pd.DataFrame, unite: Callable[[Iterable[Any]], Any]) -> pd.DataFrame:
    """`lines` (row_id, target) with one target for all lines of a row; unite: makes one of several."""
    parts = lines[["row_id", "target"]].drop_duplicates()
    several = parts[parts["row_id"].duplicated(keep=False)]
    whole = {row_id: unite(found) for row_id, found in several.groupby("row_id", sort=False)["target"]}
    if not whole:
        return lines
    united = [whole.get(row_id, target) for row_id, target in zip(lines["row_id"], lines["target"], strict=True)]
    return lines.assign(target=pd.Series(united, index=lines.index, dtype=object))


def describe_lacking(lines: pd.DataFrame, what: str) -> tuple[str, float] | None:
    """How many rows lack lines, in words, and as a share of all; None where none does. lines: row_id, spoken_of."""
    pairs = lines[["row_id", "spoken_of"]].drop_duplicates()
    names = pairs["spoken_of"].unique()
    counts = pairs["row_id"].value_counts(sort=False)
    lacking = counts.index[counts < len(names)]
    if lacking.empty:
        return None
    there = set(pairs.loc[pairs["row_id"] == lacking[0], "spoken_of"])
    found = (
        f"{len(lacking):,} of {len(counts):,} train rows lack lines of some {what}, "
        f"such as `{lacking[0]}`, which has {listed(sorted(there), SHOWN)} and lacks "
        f"{listed((name for name in names if name not in there), SHOWN)}"
    )
    return found, len(lacking) / len(counts)
