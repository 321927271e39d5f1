"""What all kinds of target share: a kind is one class in one file of this room, told by its `kind` in the card.

A kind says how labels are read from a competition's columns, what its classes are, how they are encoded, spread over
folds and graded, which losses it takes, and which rule makes answers of predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32, Int64, UInt8
from pydantic import BeforeValidator

from foldline.archive.tables import described_lines
from foldline.card.activations import ActivationKind, Softmax
from foldline.card.targets.sample_columns import SampleColumns
from foldline.card.templates import IdTemplate
from foldline.files.refusal import Refusal, listed
from foldline.metrics.truths_and_answers import Answer, FirstRule, Truth
from foldline.params.section import Section

MOST_PROBABLE: FirstRule = {"kind": "most_probable"}
AS_PREDICTED: FirstRule = {"kind": "as_predicted"}

ANY_TEXT = "*"
"""In a column's name: whatever stands there, so that it names several columns."""

Positions = Int64[np.ndarray, " rows"]
LabelsOfColumns = Int64[np.ndarray, "rows columns"]
Indicators = UInt8[np.ndarray, "rows classes"]
Values = Float32[np.ndarray, "rows columns"]
Targets = Positions | LabelsOfColumns | Indicators | Values


def _as_written(value: object) -> object:
    """yaml reads the label 0 as a number; in the competition's tables it is text."""
    if isinstance(value, bool | float):
        raise ValueError("yaml reads it so; write a label as the table does, in quotes: 'False', 'no', '1.50'")
    return str(value) if isinstance(value, int) else value


def has_pattern(columns: Iterable[str]) -> bool:
    return any(ANY_TEXT in column for column in columns)


Label = Annotated[str, BeforeValidator(_as_written)]


Resolve = Callable[[str, Sequence[str]], tuple[str, ...]]
"""From a place in the card, and the columns and patterns that it names there, to the columns."""


@dataclass(frozen=True)
class Strata:
    """What each fold gets its share of."""

    of_rows: Int64[np.ndarray, " rows"] | Bool[np.ndarray, "rows strata"]
    """Each row's one stratum, or which of them it is in."""
    names: tuple[str, ...]


class TargetKind(Section):
    """The section `target` of a card."""

    kind: Any
    group: IdTemplate | None
    """The column, or a template over columns (`{image.head}` of 10_left), whose equal values must not straddle folds: a
    patient, a place. Or null."""

    truths: ClassVar[tuple[Truth, ...]]
    """How its rows may be graded."""
    answers: ClassVar[tuple[Answer, ...]]
    """What a submission may hold of a row."""
    activations: ClassVar[tuple[type[ActivationKind], ...]] = (Softmax,)
    """What may be made of a model's outputs, the likeliest first."""
    first_loss: ClassVar[Mapping[str, Any]] = {"kind": "cross_entropy", "smoothing": 0.0}
    """Of the doctor's first experiment."""
    in_lines: ClassVar[bool] = False
    """Whether a row may be asked for several things, a line each."""
    has_one_class: ClassVar[bool] = True
    """Whether each row is of exactly one class, which counts of classes and the linear probe need."""
    sums_to_one: ClassVar[bool] = True
    """Whether the probabilities of a row's classes do."""
    keeps_ranks: ClassVar[bool] = False
    """Whether ranks, class by class, may stand for its predictions: rows of several classes no longer sum to one."""

    # What the card names

    def named_columns(self) -> tuple[tuple[str, str], ...]:
        """Pairs of the place in the card and the column that it names there, the group's column left out."""
        raise NotImplementedError

    def with_columns(self, resolve: Resolve) -> "TargetKind":
        """The same with the columns that patterns (`attribute_*`) mean."""
        return self

    def weighed_names(self) -> tuple[str, ...]:
        """What the card itself says that a metric may weigh; nothing where the data say it."""
        return ()

    def named_classes(self) -> tuple[str, ...]:
        """Those that the card itself names; nothing where the data say them."""
        return ()

    def nameless(self) -> bool:
        """Whether the card leaves a class without a name."""
        return False

    def unseen_class(self) -> str | None:
        """The label of test rows whose class has no train row; None where there are none."""
        return None

    def direction(self) -> str:
        """Which of its ends is which, in words; empty where none could be taken for the other."""
        return ""

    def doubts(self, predicted: Sequence[str]) -> Iterator[str]:
        """What the doctor says where the card may have its ends the wrong way round, which nothing else would show.

        predicted: the sample's columns besides the ids.
        """
        yield from ()

    # What rows say

    def read(self, table: pd.DataFrame, source: str) -> pd.Series:
        """What each line of `table`, whose columns are text, says of its row's target: a label, a tuple of labels, or
        one of pairs of a name and a number. Raises Refusal, naming `source` and the first line, for a field that the
        target cannot be."""
        raise NotImplementedError

    def united(self, lines: pd.DataFrame) -> pd.DataFrame:
        """`lines` (row_id, target) with one target for all lines of a row, where these say a part of it each. Raises
        Refusal where they contradict each other."""
        return lines

    def spoken_of(self, columns: pd.DataFrame) -> "pd.Series | str":
        """The class, or the number, that each line says something of; empty where lines say all of a row."""
        return ""

    def missing_lines(self, lines: pd.DataFrame) -> Iterator[str]:
        """What the doctor says of train rows that lack lines. lines: row_id, target (a line's own), spoken_of. Raises
        Refusal where answers would be invented."""
        yield from ()

    def numbers(self, found: pd.Series) -> pd.DataFrame | None:
        """What `read` found, by name in float64, NaN where missing; None for anything but numbers."""
        return None

    # What is learned and graded

    def classes(self, found: pd.Series, sample: SampleColumns) -> tuple[str, ...]:
        """The card's, the sample submission's columns, or else the sorted labels of the train rows; of numbers their
        names. Raises Refusal when a train label has no column in the sample, or there are fewer than two classes.

        found: of the train rows, as `read` gives it.
        """
        raise NotImplementedError

    def encode(self, found: pd.Series, classes: tuple[str, ...]) -> Targets:
        """What a model learns and a metric scores, of what `read` found; each label is among `classes`."""
        raise NotImplementedError

    def shown(self, targets: Targets, classes: tuple[str, ...]) -> list[str]:
        """Encoded targets for a person to read."""
        raise NotImplementedError

    def graded(self, targets: Targets, folds: Positions, classes: tuple[str, ...]) -> Targets:
        """Each out-of-fold row's target as a grader would see it who had the row's model and no more."""
        return targets

    def strata(self, targets: Targets, classes: tuple[str, ...]) -> Strata:
        """targets: of the rows that folds are made of."""
        return Strata(targets, classes)

    def sheets(self, targets: Targets, classes: tuple[str, ...]) -> Strata:
        """What a person looks at rows by: the strata, where their names say something."""
        return self.strata(targets, classes)

    def sizes(self, classes: tuple[str, ...]) -> tuple[int, ...]:
        """How many classes each column of a target of several labels has; of all others, how many there are."""
        return (len(classes),)

    # What is answered

    def answer_names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        """What answers point at by position, as it is written: the classes, and after them the new class where no train
        row has it."""
        new_class = self.unseen_class()
        return classes if new_class is None or new_class in classes else (*classes, new_class)

    def asked_names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        """What a row may be asked for, by columns or lines of its own: its classes, numbers, or each of its labels."""
        return classes

    def answer_count(self, classes: tuple[str, ...]) -> int:
        """How many columns a submission of its answers has, where each is one."""
        return 1

    def label_rule(self, classes: tuple[str, ...], outputs: int) -> FirstRule:
        """The rule that labels a row before anything is fitted. outputs: how many numbers a row's predictions are."""
        return MOST_PROBABLE

    def number_rule(self, low_high: tuple[float, float] | None, outputs: int) -> FirstRule:
        """The rule that gives numbers."""
        lowest, highest = low_high or (None, None)
        return {"kind": "within_range", "lowest": [lowest] * outputs, "highest": [highest] * outputs}

    def ranking_rule(self, length: int, classes: tuple[str, ...]) -> FirstRule:
        """The rule that gives the `length` likeliest labels."""
        return {"kind": "top_classes", "length": length}


ONES, ZEROS = ("1", "1.0"), ("0", "0.0")
BY_A_FUNCTION = "or change or leave out these lines in a function of your own (docs/own-code.md)"


def ones(texts: pd.Series, source: str, cure: str) -> pd.Series:
    """Whether each field is 1. Raises Refusal for one that is neither 1 nor 0; cure: in words."""
    refuse_other_fields(texts, texts.isin([*ONES, *ZEROS]), source, f"0 or 1; {cure}, {BY_A_FUNCTION}")
    return texts.isin(list(ONES))


def refuse_other_fields(texts: pd.Series, valid: pd.Series, source: str, wanted: str) -> None:
    """Raises Refusal with the first lines and texts that are not `valid`; wanted: what they must be, in words."""
    if valid.all():
        return
    others = texts[~valid]
    count = others.index.nunique()
    found = listed([repr(text) if text else "empty" for text in others.unique()], 5)
    where = described_lines(others.index)
    raise Refusal(f"{source}: `{texts.name}` is {found} {where} ({count} lines): it must be {wanted}.")
