"""How tables give targets of several labels or numbers: a column for each, or a line per row and each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, ClassVar, Literal

import pandas as pd
from pydantic import AfterValidator

from foldline.card.targets.target_kind import Resolve, TargetKind, has_pattern
from foldline.card.templates import IdTemplate, columns_of, filled, parse_id
from foldline.files.refusal import listed
from foldline.params.section import Names, Section

SHOWN = 5
IN_COMMON = "The lines of a row must have one id in common, as `{ID.head}` is of `{ID}`: correct layout.train.id"


class Parts(Section):
    """How a table gives the labels, or the numbers, of a row."""

    def named(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a key and the column that it names."""
        raise NotImplementedError

    def columns_named(self) -> tuple[str, ...]:
        """The labels, or the numbers, where the card names each as a column."""
        return ()

    def with_columns(self, fact: str, resolve: Resolve) -> "Parts":
        return self

    def spoken_of(self, table: pd.DataFrame) -> "pd.Series | str":
        """The class or the number that each line says something of; empty where lines say all of a row."""
        return ""


class ByColumns(Parts):
    """A column per label or number."""

    kind: Literal["columns"]
    columns: Names

    def named(self) -> tuple[tuple[str, str], ...]:
        return tuple(("columns", column) for column in self.columns)

    def columns_named(self) -> tuple[str, ...]:
        return () if has_pattern(self.columns) else self.columns

    def with_columns(self, fact: str, resolve: Resolve) -> "Parts":
        return self.model_copy(update={"columns": resolve(fact, self.columns)})


class Lines(Parts):
    """A line per row and class, or per row and number: `{kind: lines, name: "{ID.tail}", column: Label}`."""

    kind: Literal["lines"]
    name: IdTemplate
    """Of the class or the number: a column, or a template over columns."""
    column: str
    """0 or 1, or the number itself."""

    def named(self) -> tuple[tuple[str, str], ...]:
        return ("column", self.column), *(("name", column) for column in columns_of(parse_id(self.name)))

    def spoken_of(self, table: pd.DataFrame) -> pd.Series:
        return filled(parse_id(self.name), table)


class OfParts(TargetKind):
    """Several labels or numbers, which a table may give in several ways; no kind itself."""

    key: ClassVar[str]
    """Of the section that says how."""
    in_lines: ClassVar[bool] = True

    @property
    def parts(self) -> Parts:
        return getattr(self, self.key)

    def named_columns(self) -> tuple[tuple[str, str], ...]:
        return tuple((f"target.{self.key}.{key}", column) for key, column in self.parts.named())

    def with_columns(self, resolve: Resolve) -> TargetKind:
        parts = self.parts.with_columns(f"target.{self.key}.columns", resolve)
        return self.model_copy(update={self.key: parts})

    def weighed_names(self) -> tuple[str, ...]:
        return self.parts.columns_named()

    def spoken_of(self, columns: pd.DataFrame) -> "pd.Series | str":
        return self.parts.spoken_of(columns)


def _two_or_a_pattern(columns: tuple[str, ...]) -> tuple[str, ...]:
    if len(columns) < 2 and not has_pattern(columns):
        raise ValueError("it takes two columns or more, or a pattern (`vote_*`)")
    return columns


SeveralColumns = Annotated[Names, AfterValidator(_two_or_a_pattern)]


class OfColumns(TargetKind):
    """A column for each of several things that are said of a row; no kind itself."""

    columns: SeveralColumns

    def named_columns(self) -> tuple[tuple[str, str], ...]:
        return tuple(("target.columns", column) for column in self.columns)

    def with_columns(self, resolve: Resolve) -> TargetKind:
        return self.model_copy(update={"columns": resolve("target.columns", self.columns)})


def united_lines(lines: pd.DataFrame, unite: Callable[[Iterable[Any]], Any]) -> pd.DataFrame:
    """`lines` (row_id, target) with one target for all lines of a row; unite: makes one of several."""
    parts = lines[["row_id", "target"]].drop_duplicates()
    several = parts[parts["row_id"].duplicated(keep=False)]
    whole = {row_id: unite(found) for row_id, found in several.groupby("row_id", sort=False)["target"]}
    if not whole:
        return lines
    united = [whole.get(row_id, target) for row_id, target in zip(lines["row_id"], lines["target"], strict=True)]
    return lines.assign(target=pd.Series(united, index=lines.index, dtype=object))


def describe_missing(lines: pd.DataFrame, what: str) -> tuple[str, float] | None:
    """How many rows lack lines, in words, and as a share of all; None where none does. lines: row_id, spoken_of."""
    pairs = lines[["row_id", "spoken_of"]].drop_duplicates()
    names = pairs["spoken_of"].unique()
    counts = pairs["row_id"].value_counts(sort=False)
    lacking = counts.index[counts < len(names)]
    if lacking.empty:
        return None
    there = set(pairs.loc[pairs["row_id"] == lacking[0], "spoken_of"])
    found = (
        f"{len(lacking):,} of {len(counts):,} train rows have no line for some {what}, "
        f"such as `{lacking[0]}`, which has {listed(sorted(there), SHOWN)} and lacks "
        f"{listed((name for name in names if name not in there), SHOWN)}"
    )
    return found, len(lacking) / len(counts)
