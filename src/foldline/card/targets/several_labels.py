"""Targets of several labels per row: any number of one list, or one for each of several columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field

from foldline.archive.texts import items_of
from foldline.card.activations import ColumnSoftmax, Sigmoid
from foldline.card.targets.sample_columns import SampleColumns, sorted_labels
from foldline.card.targets.single_labels import positions_of, refuse_too_few
from foldline.card.targets.target_columns import (
    IN_COMMON,
    ByColumns,
    Lines,
    OfColumns,
    OfParts,
    Parts,
    SeveralColumns,
    describe_missing,
    united_lines,
)
from foldline.card.targets.target_kind import (
    AS_PREDICTED,
    MOST_PROBABLE,
    Indicators,
    LabelsOfColumns,
    Positions,
    Strata,
    Targets,
    has_pattern,
    ones,
)
from foldline.files.class_names import class_of, column_sizes, label_of
from foldline.files.refusal import Refusal
from foldline.files.rows import NO_TARGET
from foldline.metrics.truths_and_answers import FirstRule
from foldline.params.section import Kinds

CURE = "correct target.labels in the card"
NO_LABEL = "no label"
Sets = list[tuple[str, ...]]


class Delimited(Parts):
    """All labels of a row in one column; empty for a row without any."""

    kind: Literal["delimited"]
    column: str
    delimiter: Annotated[str, Field(min_length=1)]

    def named(self) -> tuple[tuple[str, str], ...]:
        return (("column", self.column),)

    def sets(self, table: pd.DataFrame, source: str) -> Sets:
        return [tuple(dict.fromkeys(items_of(text, self.delimiter))) for text in table[self.column]]


class OneHot(ByColumns):
    """A column of 0 and 1 per label."""

    def sets(self, table: pd.DataFrame, source: str) -> Sets:
        held = pd.concat([ones(table[column], source, CURE) for column in self.columns], axis=1).to_numpy()
        return [tuple(self.columns[position] for position in row.nonzero()[0]) for row in held]


class LabelLines(Lines):
    """A line per row and class: `{kind: lines, name: "{ID.tail}", column: Label}`."""

    def sets(self, table: pd.DataFrame, source: str) -> Sets:
        """Of each line its one label, or none."""
        holds = ones(table[self.column], source, CURE)
        return [(name,) if one else () for name, one in zip(self.spoken_of(table), holds, strict=True)]


class Multilabel(OfParts):
    """Any number of C labels."""

    kind: Literal["multilabel"]
    labels: Annotated[Delimited | OneHot | LabelLines, Kinds()]

    truths: ClassVar = ("set", "each_class")
    key: ClassVar = "labels"
    answers: ClassVar = ("probabilities", "sets", "rankings")
    activations: ClassVar = (Sigmoid,)
    first_loss: ClassVar = {"kind": "binary_cross_entropy", "smoothing": 0.0}
    has_one_class: ClassVar = False
    sums_to_one: ClassVar = False
    keeps_ranks: ClassVar = True

    def read(self, table: pd.DataFrame, source: str) -> pd.Series:
        return pd.Series(self.labels.sets(table, source), index=table.index, dtype=object)

    def united(self, lines: pd.DataFrame) -> pd.DataFrame:
        return united_lines(lines, _all_labels)

    def missing_lines(self, lines: pd.DataFrame) -> Iterator[str]:
        """A label without a line is one that a row does not have. Where the table writes 0s, and most rows lack lines,
        their id is wrong and the answers would be invented: raises Refusal."""
        lacking = describe_missing(lines, "classes")
        if lacking is None or all(lines["target"]):
            return
        found, fraction = lacking
        if fraction > 0.5:
            raise Refusal(
                f"{found}. These would count as 0, although the table writes 0s. {IN_COMMON}. Or, where a missing line "
                "does mean 0, leave out the lines of 0 in a function of your own (docs/own-code.md), and rows without "
                "another line with them."
            )
        yield (
            f"{found}; these count as 0. {IN_COMMON}, or leave these rows out in a function of your own "
            "(docs/own-code.md)."
        )

    def classes(self, found: pd.Series, sample: SampleColumns) -> tuple[str, ...]:
        labels = refuse_too_few({label for labels in set(found) for label in labels}, least=1)
        named = self.weighed_names()
        return sample.names("class", set(named) or labels, all_known=bool(named)) or named or sorted_labels(labels)

    def encode(self, found: pd.Series, classes: tuple[str, ...]) -> Indicators:
        """0 and 1 by class."""
        indicators = np.zeros((len(found), len(classes)), np.uint8)
        indicators[_pairs(found, classes)] = 1
        return indicators

    def shown(self, targets: Targets, classes: tuple[str, ...]) -> list[str]:
        return [", ".join(classes[position] for position in row.nonzero()[0]) or NO_LABEL for row in targets]

    def strata(self, targets: Targets, classes: tuple[str, ...]) -> Strata:
        return Strata(targets == 1, classes)

    def number_rule(self, low_high: tuple[float, float] | None, outputs: int) -> FirstRule:
        return AS_PREDICTED


def _without_equals(columns: tuple[str, ...]) -> tuple[str, ...]:
    if any("=" in column for column in columns):
        raise ValueError("a column's name holds `=`, which stands between column and label here: name another column")
    return columns


class MultiOutput(OfColumns):
    """Several labels per row, one for each column: `columns: [grapheme_root, vowel_diacritic, consonant_diacritic]`.
    Its classes are `column=label`."""

    kind: Literal["multioutput"]
    columns: Annotated[SeveralColumns, AfterValidator(_without_equals)]

    truths: ClassVar = ("labels",)
    answers: ClassVar = ("labels", "column_probabilities")
    activations: ClassVar = (ColumnSoftmax,)
    in_lines: ClassVar = True
    has_one_class: ClassVar = False

    def weighed_names(self) -> tuple[str, ...]:
        return () if has_pattern(self.columns) else self.columns

    def read(self, table: pd.DataFrame, source: str) -> pd.Series:
        """An empty field is a label that is missing."""
        rows = [
            tuple(class_of(column, label) for column, label in zip(self.columns, row, strict=True) if label)
            for row in zip(*(table[column] for column in self.columns), strict=True)
        ]
        return pd.Series(rows, index=table.index, dtype=object)

    def classes(self, found: pd.Series, sample: SampleColumns) -> tuple[str, ...]:
        """Each column's sorted labels, or where lines give probabilities, for each column all labels of the sample."""
        names = refuse_too_few({name for row in set(found) for name in row})
        classes = tuple(name for column in self.columns for name in _of_column(column, names))
        shared = sample.names("label", set(map(label_of, names)), all_known=False)
        return tuple(class_of(column, label) for column in self.columns for label in shared) or classes

    def encode(self, found: pd.Series, classes: tuple[str, ...]) -> LabelsOfColumns:
        """Of each column the position among all classes, NO_TARGET for a missing label."""
        rows, codes = _pairs(found, classes)
        stops = np.cumsum(self.sizes(classes))
        positions = np.full((len(found), len(stops)), NO_TARGET)
        positions[rows, np.searchsorted(stops, codes, side="right")] = codes
        return positions

    def shown(self, targets: Targets, classes: tuple[str, ...]) -> list[str]:
        return [
            ", ".join(classes[position] for position in row if position != NO_TARGET) or NO_LABEL for row in targets
        ]

    def strata(self, targets: Targets, classes: tuple[str, ...]) -> Strata:
        """Which labels each row has, a column's missing one left out."""
        rows, columns = (targets != NO_TARGET).nonzero()
        labelled = np.zeros((len(targets), len(classes)), bool)
        labelled[rows, targets[rows, columns]] = True
        return Strata(labelled, classes)

    def sizes(self, classes: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(column_sizes(classes).values())

    def answer_names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(label_of, classes))

    def asked_names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(column_sizes(classes))

    def answer_count(self, classes: tuple[str, ...]) -> int:
        return len(column_sizes(classes))

    def label_rule(self, classes: tuple[str, ...], outputs: int) -> FirstRule:
        sizes = self.sizes(classes)
        return {"kind": "label_of_each", "sizes": sizes, "rules": [MOST_PROBABLE] * len(sizes)}


def _all_labels(sets: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Of several sets, each once, in order of appearance."""
    return tuple(dict.fromkeys(label for labels in sets for label in labels))


def _pairs(found: pd.Series, classes: tuple[str, ...]) -> tuple[Positions, Positions]:
    """Of each label of each row's set, the row and the class."""
    labels = pd.Series([label for row in found for label in row], dtype="str")
    return np.repeat(np.arange(len(found)), [len(row) for row in found]), positions_of(labels, classes)


def _of_column(column: str, names: Collection[str]) -> list[str]:
    """Those of one column, sorted."""
    found = [label_of(name) for name in names if name.startswith(class_of(column, ""))]
    if not found:
        raise Refusal(
            f"No train row has a label as `{column}`, one of target.columns: there is nothing to learn. Correct the "
            "card, or leave the column out."
        )
    return [class_of(column, label) for label in sorted_labels(found)]
