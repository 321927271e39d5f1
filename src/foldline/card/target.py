"""Section `target` of a card: what is predicted.

`column` and `columns` name columns of the train table, or the named groups of a walk's regular expression. What each
kind means to models, predictions and metrics is the table "Targets, outputs, answers" of docs/design.md.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from foldline.card.templates import IdTemplate, columns_of, parse_id
from foldline.files.class_names import column_sizes, label_of
from foldline.files.target_texts import numbers_of
from foldline.metrics.answers import Answer, Truth
from foldline.metrics.decisions.cut_points import half_way
from foldline.metrics.decisions.labels import MostProbable
from foldline.metrics.decisions.new_labels import LabelOrNew
from foldline.metrics.decisions.rankings import TopClasses, TopClassesOrNew, new_class_position
from foldline.metrics.decisions.several_labels import likeliest_of_each
from foldline.metrics.decisions.values import PositiveProbability, WithinRange
from foldline.params.section import Section

UNFITTED_LEVEL = 0.5


def _as_written(value: object) -> object:
    """yaml reads the label 0 as a number; in the competition's tables it is text."""
    if isinstance(value, bool | float):
        raise ValueError("yaml reads it so; write a label as the table does, in quotes: 'False', 'no', '1.50'")
    return str(value) if isinstance(value, int) else value


Label = Annotated[str, BeforeValidator(_as_written)]


class TargetKind(Section):
    group: IdTemplate | None
    """The column, or a template over columns (`{image.head}` of 10_left), whose equal values must not straddle folds: a
    patient, a place. Or null."""

    truths: ClassVar[tuple[Truth, ...]]
    """How its rows may be graded."""
    answers: ClassVar[tuple[Answer, ...]]
    """What a submission may hold of a row."""
    in_lines: ClassVar[bool] = False
    """Whether a row may be asked for several things, a line each."""
    sums_to_one: ClassVar[bool] = True
    """Whether the probabilities of a row's classes do."""

    def sizes(self, classes: tuple[str, ...]) -> tuple[int, ...]:
        """How many classes each column of a target of several labels has; of all others, how many there are."""
        return (len(classes),)

    def unseen_class(self) -> str | None:
        """The label of test rows whose class has no train row; None where there are none."""
        return None

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

    def nameless(self) -> bool:
        """Whether the card leaves a class without a name."""
        return False

    def numbers(self, texts: pd.Series) -> pd.DataFrame | None:
        """By name, NaN where missing; None for anything but numbers."""
        return None

    def label_rule(self, classes: tuple[str, ...], outputs: int) -> Any:
        """The rule that labels a row before anything is fitted. outputs: how many numbers a row's predictions are."""
        return MostProbable(kind="most_probable")

    def number_rule(self, low_high: tuple[float, float] | None, outputs: int) -> Any:
        """The rule that gives numbers. None: the predictions are the numbers."""
        lowest, highest = low_high or (None, None)
        return WithinRange(kind="within_range", lowest=(lowest,) * outputs, highest=(highest,) * outputs)

    def ranking_rule(self, length: int, classes: tuple[str, ...]) -> Any:
        """The rule that gives the `length` likeliest labels."""
        return TopClasses(kind="top_classes", length=length)


class Binary(TargetKind):
    """One of two classes. At most one of `negative` and `positive` is null, which stands for every other label:
    `negative: Cover, positive: null`."""

    kind: Literal["binary"]
    column: str
    negative: Label | None
    positive: Label | None

    truths: ClassVar = ("positive", "class", "label")
    answers: ClassVar = ("numbers", "labels", "probabilities")

    def nameless(self) -> bool:
        return None in (self.negative, self.positive)

    def number_rule(self, low_high: tuple[float, float] | None, outputs: int) -> PositiveProbability:
        return PositiveProbability(kind="positive_probability")

    @model_validator(mode="after")
    def _one_is_named(self) -> "Binary":
        if self.negative == self.positive:
            raise ValueError(
                f"target.negative and target.positive are both {self.negative!r}: name two labels, or one, and null "
                "for every other"
            )
        return self


class Multiclass(TargetKind):
    """Exactly one of C classes; a name in `column`. The classes' order is that of the sample submission's columns, or
    else that of the sorted labels."""

    kind: Literal["multiclass"]
    column: str

    truths: ClassVar = ("class", "label", "each_class")
    answers: ClassVar = ("probabilities", "labels", "confident_labels")


class Ranked(TargetKind):
    """Exactly one of C classes; the k likeliest are submitted, in order."""

    kind: Literal["ranked"]
    column: str
    new_class: Label | None
    """The label of test rows whose class has no train row (`new_whale`), or null when there are none."""

    truths: ClassVar = ("ranking",)
    answers: ClassVar = ("rankings",)

    def unseen_class(self) -> str | None:
        return self.new_class

    def ranking_rule(self, length: int, classes: tuple[str, ...]) -> Any:
        if self.new_class is None:
            return super().ranking_rule(length, classes)
        new_class = new_class_position(self.new_class, classes)
        return TopClassesOrNew(kind="top_classes_or_new", length=length, new_class=new_class, level=UNFITTED_LEVEL)


class OpenSet(TargetKind):
    """Exactly one of C classes, but of some test rows none of them; one label is submitted.

    Source of the term: Scheirer et al., Toward Open Set Recognition, 2013.
    """

    kind: Literal["open_set"]
    column: str
    new_class: Label
    """The label of rows whose class has no train row: `Other`."""

    truths: ClassVar = ("label",)
    answers: ClassVar = ("labels",)

    def unseen_class(self) -> str:
        return self.new_class

    def label_rule(self, classes: tuple[str, ...], outputs: int) -> LabelOrNew:
        new_class, likeliest = new_class_position(self.new_class, classes), MostProbable(kind="most_probable")
        return LabelOrNew(kind="label_or_new", known=likeliest, new_class=new_class, level=UNFITTED_LEVEL)


class Delimited(Section):
    """All labels of a row in one column; empty for a row without any."""

    kind: Literal["delimited"]
    column: str
    delimiter: Annotated[str, Field(min_length=1)]


def _each_once(columns: tuple[str, ...]) -> tuple[str, ...]:
    repeated = dict.fromkeys(name for name in columns if columns.count(name) > 1)
    if repeated:
        raise ValueError(f"it names {', '.join(repeated)} more than once")
    return columns


ColumnNames = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_each_once)]


def _without_equals(columns: tuple[str, ...]) -> tuple[str, ...]:
    if any("=" in column for column in columns):
        raise ValueError("a column's name holds `=`, which stands between column and label here: name another column")
    return columns


class MultiOutput(TargetKind):
    """Several labels per row, one for each column: `columns: [grapheme_root, vowel_diacritic, consonant_diacritic]`."""

    kind: Literal["multioutput"]
    columns: Annotated[ColumnNames, Field(min_length=2), AfterValidator(_without_equals)]

    truths: ClassVar = ("labels",)
    answers: ClassVar = ("labels", "column_probabilities")
    in_lines: ClassVar = True

    def sizes(self, classes: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(column_sizes(classes).values())

    def answer_names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(label_of, classes))

    def asked_names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        return self.columns

    def answer_count(self, classes: tuple[str, ...]) -> int:
        return len(self.columns)

    def label_rule(self, classes: tuple[str, ...], outputs: int) -> Any:
        return likeliest_of_each(self.sizes(classes))


class OneHot(Section):
    """A column of 0 and 1 per label."""

    kind: Literal["columns"]
    columns: ColumnNames


class Lines(Section):
    """A line per row and class, or per row and number: `{kind: lines, name: "{ID.tail}", column: Label}`."""

    kind: Literal["lines"]
    name: IdTemplate
    """Of the class or the number: a column, or a template over columns."""
    column: str
    """0 or 1, or the number itself."""


class Multilabel(TargetKind):
    """Any number of C labels."""

    kind: Literal["multilabel"]
    labels: Annotated[Delimited | OneHot | Lines, Field(discriminator="kind")]

    truths: ClassVar = ("set", "each_class")
    answers: ClassVar = ("probabilities", "sets", "rankings")
    in_lines: ClassVar = True
    sums_to_one: ClassVar = False

    def number_rule(self, low_high: tuple[float, float] | None, outputs: int) -> None:
        return None


class Ordinal(TargetKind):
    """One of several levels that have an order."""

    kind: Literal["ordinal"]
    column: str
    levels: Annotated[tuple[Label, ...], Field(min_length=2)] | None
    """From lowest to highest; null for whole numbers, from the least to the greatest of the train rows."""

    truths: ClassVar = ("class", "label", "each_class", "level")
    answers: ClassVar = ("labels", "probabilities")

    def label_rule(self, classes: tuple[str, ...], outputs: int) -> Any:
        return half_way(len(classes)) if outputs == 1 else super().label_rule(classes, outputs)


class Shares(TargetKind):
    """How the votes on a row fall on C classes: a column of votes, or of shares, per class.

    Divided by their sum they are what is learned (Peterson et al., Human Uncertainty Makes Classification More Robust,
    2019).
    """

    kind: Literal["shares"]
    columns: Annotated[ColumnNames, Field(min_length=2)]

    truths: ClassVar = ("vote_shares",)
    answers: ClassVar = ("probabilities",)


class Columns(Section):
    """A column per number: `{kind: columns, columns: [Pawpularity]}`."""

    kind: Literal["columns"]
    columns: ColumnNames


class Regression(TargetKind):
    """A number, or several. Of several a train row may lack some: these count neither in the loss nor in the score."""

    kind: Literal["regression"]
    values: Annotated[Columns | Lines, Field(discriminator="kind")]

    truths: ClassVar = ("known_numbers",)
    answers: ClassVar = ("numbers",)
    in_lines: ClassVar = True

    def answer_count(self, classes: tuple[str, ...]) -> int:
        return len(classes)

    def numbers(self, texts: pd.Series) -> pd.DataFrame:
        return pd.DataFrame([numbers_of(text) for text in texts])


Target = Annotated[
    Binary | Multiclass | OpenSet | Ranked | Multilabel | MultiOutput | Ordinal | Shares | Regression,
    Field(discriminator="kind"),
]
TARGETS: Mapping[str, type[TargetKind]] = {
    get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in get_args(get_args(Target)[0])
}
"""By their `kind`."""


def target_columns(target: Target) -> tuple[tuple[str, str], ...]:
    """Pairs of the place in the card and the column that it names there, the group's column left out."""
    match target:
        case Multilabel(labels=parts):
            return tuple((f"target.labels.{key}", column) for key, column in _named(parts))
        case Regression(values=parts):
            return tuple((f"target.values.{key}", column) for key, column in _named(parts))
        case Shares(columns=columns) | MultiOutput(columns=columns):
            return tuple(("target.columns", column) for column in columns)
        case _:
            return (("target.column", target.column),)


def _named(parts: Delimited | OneHot | Columns | Lines) -> Iterator[tuple[str, str]]:
    if isinstance(parts, OneHot | Columns):
        yield from (("columns", column) for column in parts.columns)
    else:
        yield "column", parts.column
    if isinstance(parts, Lines):
        yield from (("name", column) for column in columns_of(parse_id(parts.name)))
