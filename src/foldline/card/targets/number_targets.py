"""Targets of numbers: one value per row or several, and votes on several classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float32

from foldline.card.activations import Identity
from foldline.card.targets.sample_columns import SampleColumns, sorted_labels
from foldline.card.targets.target_columns import (
    IN_COMMON,
    ByColumns,
    Lines,
    OfColumns,
    OfParts,
    describe_missing,
    united_lines,
)
from foldline.card.targets.target_kind import (
    BY_A_FUNCTION,
    Strata,
    Targets,
    Values,
    has_pattern,
    refuse_other_fields,
)
from foldline.files.refusal import Refusal
from foldline.params.section import Kinds

DECIMAL_COMMA, THOUSANDS = r"[+-]?\d*,\d+", r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?"
WITHOUT_COMMA = "a number with a decimal point, without a comma"
NUMBERS = f"a number; correct target.kind or target.values in the card, {BY_A_FUNCTION}"
VOTES = "a number of votes, or a share, 0 or more; correct target.kind or target.columns in the card"
ONE = 1 << 20
"""The share of a row that has more than all others."""
BINS = 10
"""Equally many rows in each, but for equal values, which share one."""
BINS_OF_SEVERAL = 3

Named = tuple[tuple[str, float], ...]
"""Numbers of a row by name, those that it has."""


class Columns(ByColumns):
    """A column per number: `{kind: columns, columns: [Pawpularity]}`."""

    def numbers(self, table: pd.DataFrame, source: str) -> list[Named]:
        """Of several columns some may be empty."""
        gaps = len(self.columns) > 1
        found = np.column_stack([_numbers(table[column], source, gaps) for column in self.columns])
        first = table[self.columns[0]]
        some = pd.DataFrame(found, index=table.index).notna().any(axis=1)
        refuse_other_fields(first, some, source, "a number where the other target.values.columns are empty")
        return [
            tuple((name, number) for name, number in zip(self.columns, row, strict=True) if number == number)
            for row in found.tolist()
        ]


class NumberLines(Lines):
    """A line per row and number: `{kind: lines, name: "{ID.tail}", column: Value}`."""

    def numbers(self, table: pd.DataFrame, source: str) -> list[Named]:
        numbers = _numbers(table[self.column], source, gaps=False).tolist()
        return [((name, number),) for name, number in zip(self.spoken_of(table), numbers, strict=True)]


class Regression(OfParts):
    """A number, or several. Of several a train row may lack some: these count neither in the loss nor in the score."""

    kind: Literal["regression"]
    values: Annotated[Columns | NumberLines, Kinds()]

    truths: ClassVar = ("known_numbers",)
    key: ClassVar = "values"
    answers: ClassVar = ("numbers",)
    activations: ClassVar = (Identity,)
    first_loss: ClassVar = {"kind": "mean_squared_error"}

    def read(self, table: pd.DataFrame, source: str) -> pd.Series:
        return pd.Series(self.values.numbers(table, source), index=table.index, dtype=object)

    def united(self, lines: pd.DataFrame) -> pd.DataFrame:
        return united_lines(lines, _all_numbers)

    def missing_lines(self, lines: pd.DataFrame) -> Iterator[str]:
        lacking = describe_missing(lines, "numbers")
        if lacking is not None:
            yield f"{lacking[0]}; what is missing counts nowhere. {IN_COMMON} if rows should have all."

    def classes(self, found: pd.Series, sample: SampleColumns) -> tuple[str, ...]:
        """The names of the numbers."""
        names = self.weighed_names() or sorted_labels({name for row in set(found) for name, _ in row})
        by_column = sample.names("answer", set(names), all_known=True) if len(names) > 1 else ()
        return by_column or names

    def encode(self, found: pd.Series, classes: tuple[str, ...]) -> Values:
        """The numbers by column, NaN for a missing one."""
        return _by_column(found, classes)

    def shown(self, targets: Targets, classes: tuple[str, ...]) -> list[str]:
        if len(classes) == 1:
            return [f"{value:g}" for value in targets[:, 0]]
        return [_shown_row(row, classes) for row in targets]

    def strata(self, targets: Targets, classes: tuple[str, ...]) -> Strata:
        """Bins of the numbers."""
        return _bins(_mean_levels(targets)) if len(classes) > 1 else _bins(targets[:, 0])

    def sheets(self, targets: Targets, classes: tuple[str, ...]) -> Strata:
        """Of several numbers a few bins of each, a missing one in none."""
        return _bins_by_column(targets, classes) if len(classes) > 1 else _bins(targets[:, 0])

    def answer_count(self, classes: tuple[str, ...]) -> int:
        return len(classes)

    def numbers(self, found: pd.Series) -> pd.DataFrame:
        return pd.DataFrame([dict(row) for row in found])


class LabelDistribution(OfColumns):
    """How the votes on a row fall on C classes: a column of votes, or of shares, per class.

    Divided by their sum they are what is learned (Peterson et al., Human Uncertainty Makes Classification More Robust,
    2019).
    """

    kind: Literal["label_distribution"]

    truths: ClassVar = ("label_distribution",)
    answers: ClassVar = ("probabilities",)
    has_one_class: ClassVar = False

    def read(self, table: pd.DataFrame, source: str) -> pd.Series:
        """The shares of each line: its votes by their sum. Raises Refusal for a line without votes, too."""
        votes = np.column_stack([_votes(table[column], source) for column in self.columns])
        sums = votes.sum(axis=1)
        some = pd.Series(sums > 0, index=table.index)
        refuse_other_fields(table[self.columns[0]], some, source, "more than 0 where all other target.columns are 0")
        rows = [tuple(zip(self.columns, row, strict=True)) for row in (votes / sums[:, None]).tolist()]
        return pd.Series(rows, index=table.index, dtype=object)

    def named_classes(self) -> tuple[str, ...]:
        return () if has_pattern(self.columns) else self.columns

    def classes(self, found: pd.Series, sample: SampleColumns) -> tuple[str, ...]:
        return sample.names("class", set(self.columns), all_known=True) or self.columns

    def encode(self, found: pd.Series, classes: tuple[str, ...]) -> Values:
        """The share of each class."""
        return _by_column(found, classes)

    def shown(self, targets: Targets, classes: tuple[str, ...]) -> list[str]:
        return [_shown_row(row, classes) for row in targets]

    def strata(self, targets: Targets, classes: tuple[str, ...]) -> Strata:
        """The class with the most votes."""
        return Strata(targets.argmax(axis=1), classes)


def _all_numbers(rows: Iterable[Named]) -> Named:
    """Those of several lines. Raises Refusal where two say different things of one name."""
    united: dict[str, float] = {}
    for row in rows:
        for name, number in row:
            if united.setdefault(name, number) != number:
                raise Refusal(
                    f"The train table contradicts itself: `{name}` is {united[name]:g} and {number:g} for one row. "
                    "If they are rows of their own, name what tells them apart as layout.train.id in the card; `id: "
                    "line` makes a row of each line."
                )
    return tuple(united.items())


def _by_column(found: pd.Series, names: tuple[str, ...]) -> Values:
    rows = [dict(row) for row in found]
    values = [[row.get(name, np.nan) for name in names] for row in rows]
    return np.array(values, np.float32).reshape(len(rows), len(names))


def _shown_row(row: np.ndarray, names: tuple[str, ...]) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in zip(names, row, strict=True) if value == value)


def without_commas(texts: pd.Series) -> str | None:
    """The cure for numbers with commas, in words: 1,5 has a decimal one, 1,234,567 parts thousands, and 1,000 alone may
    be either. None for other texts."""
    thousands = texts.str.fullmatch(THOUSANDS)
    decimals = texts.str.fullmatch(DECIMAL_COMMA)
    if not (thousands | decimals).any():
        return None
    are_decimals, are_thousands = bool((decimals & ~thousands).any()), bool((thousands & ~decimals).any())
    as_points, as_nothing = (
        f"table.assign(**{{{texts.name!r}: table[{texts.name!r}].str.replace(',', {instead!r})}})"
        for instead in (".", "")
    )
    cure = f"{as_points} where the comma is a decimal one, {as_nothing} where it parts thousands"
    if are_decimals != are_thousands:
        cure = as_points if are_decimals else as_nothing
    return f"write it so in a function of your own (docs/own-code.md): {cure}"


def _numbers(texts: pd.Series, source: str, gaps: bool) -> np.ndarray:
    """NaN for an empty field, where there may be `gaps`."""
    numbers = pd.to_numeric(texts, errors="coerce")
    with np.errstate(over="ignore"):
        finite = pd.Series(np.isfinite(numbers.to_numpy(np.float32)), index=texts.index)  # the type of targets
    cure = without_commas(texts)
    wanted = f"{WITHOUT_COMMA}; {cure}" if cure else NUMBERS
    refuse_other_fields(texts, finite | (texts == "") if gaps else finite, source, wanted)
    return numbers.to_numpy(float)


def _votes(texts: pd.Series, source: str) -> np.ndarray:
    votes = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    cure = without_commas(texts)
    wanted = f"{WITHOUT_COMMA}; {cure}" if cure else VOTES
    refuse_other_fields(texts, pd.Series(np.isfinite(votes) & (votes >= 0), index=texts.index), source, wanted)
    return votes


def _mean_levels(values: Float32[np.ndarray, "rows columns"]) -> Float32[np.ndarray, " rows"]:
    """Of each row, the mean over its numbers of how many rows have less in that column: columns of any scale count
    alike, a missing number not at all. In integers until the last division, as all that decides folds."""
    lower, known = np.zeros(values.shape, np.int64), ~np.isnan(values)
    for column in range(values.shape[1]):
        rows = known[:, column]
        found = values[rows, column]
        lower[rows, column] = np.searchsorted(np.sort(found), found) * ONE // len(found)
    return (lower.sum(axis=1) // known.sum(axis=1)).astype(np.float32) / ONE


def _bins_by_column(values: Float32[np.ndarray, "rows columns"], names: tuple[str, ...]) -> Strata:
    held, titles = [], []
    for name, column in zip(names, values.T, strict=True):
        bins = _bins(column[column == column], BINS_OF_SEVERAL)
        for number, title in enumerate(bins.names):
            held.append(np.zeros(len(values), bool))
            held[-1][column == column] = bins.of_rows == number
            titles.append(f"{name} {title}")
    return Strata(np.stack(held, axis=1), tuple(titles))


def _bins(values: Float32[np.ndarray, " rows"], count: int = BINS) -> Strata:
    rising = np.sort(values)
    # By integers: a row's bin is that of the first row with its value.
    found, bins = np.unique(np.searchsorted(rising, values) * count // len(values), return_inverse=True)
    ranges = [(values[bins == number].min(), values[bins == number].max()) for number in range(len(found))]
    return Strata(bins.astype(np.int64), tuple(f"{low:g} .. {high:g}" for low, high in ranges))
