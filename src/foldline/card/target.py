"""Section `target` of a card: what is predicted.

`column` and `columns` name columns of the train table, or the named groups of a walk's regular expression. What each
kind means to models, predictions and metrics is the table "Targets, outputs, answers" of docs/design.md.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from foldline.card.templates import IdTemplate, columns_of, parse_id
from foldline.files.class_names import column_sizes
from foldline.params.section import Section


def _as_written(value: object) -> object:
    """yaml reads the label 0 as a number; in the competition's tables it is text."""
    if isinstance(value, bool | float):
        raise ValueError("yaml reads it so; write a label as the table does, in quotes: 'False', 'no', '1.50'")
    return str(value) if isinstance(value, int) else value


Label = Annotated[str, BeforeValidator(_as_written)]


class _Grouped(Section):
    group: IdTemplate | None
    """The column, or a template over columns (`{image.head}` of 10_left), whose equal values must not straddle folds: a
    patient, a place. Or null."""


class Binary(_Grouped):
    """One of two classes. At most one of `negative` and `positive` is null, which stands for every other label:
    `negative: Cover, positive: null`."""

    kind: Literal["binary"]
    column: str
    negative: Label | None
    positive: Label | None

    @model_validator(mode="after")
    def _one_is_named(self) -> "Binary":
        if self.negative == self.positive:
            raise ValueError(
                f"target.negative and target.positive are both {self.negative!r}: name two labels, or one, and null "
                "for every other"
            )
        return self


class Multiclass(_Grouped):
    """Exactly one of C classes; a name in `column`. The classes' order is that of the sample submission's columns, or
    else that of the sorted labels."""

    kind: Literal["multiclass"]
    column: str


class Ranked(_Grouped):
    """Exactly one of C classes; the k likeliest are submitted, in order."""

    kind: Literal["ranked"]
    column: str
    new_class: Label | None
    """The label of test rows whose class has no train row (`new_whale`), or null when there are none."""


class OpenSet(_Grouped):
    """Exactly one of C classes, but of some test rows none of them; one label is submitted.

    Source of the term: Scheirer et al., Toward Open Set Recognition, 2013.
    """

    kind: Literal["open_set"]
    column: str
    new_class: Label
    """The label of rows whose class has no train row: `Other`."""


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


class MultiOutput(_Grouped):
    """Several labels per row, one for each column: `columns: [grapheme_root, vowel_diacritic, consonant_diacritic]`."""

    kind: Literal["multioutput"]
    columns: Annotated[ColumnNames, Field(min_length=2), AfterValidator(_without_equals)]


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


class Multilabel(_Grouped):
    """Any number of C labels."""

    kind: Literal["multilabel"]
    labels: Annotated[Delimited | OneHot | Lines, Field(discriminator="kind")]


class Ordinal(_Grouped):
    """One of several levels that have an order."""

    kind: Literal["ordinal"]
    column: str
    levels: Annotated[tuple[Label, ...], Field(min_length=2)] | None
    """From lowest to highest; null for whole numbers, from the least to the greatest of the train rows."""


class Shares(_Grouped):
    """How the votes on a row fall on C classes: a column of votes, or of shares, per class.

    Divided by their sum they are what is learned (Peterson et al., Human Uncertainty Makes Classification More Robust,
    2019).
    """

    kind: Literal["shares"]
    columns: Annotated[ColumnNames, Field(min_length=2)]


class Columns(Section):
    """A column per number: `{kind: columns, columns: [Pawpularity]}`."""

    kind: Literal["columns"]
    columns: ColumnNames


class Regression(_Grouped):
    """A number, or several. Of several a train row may lack some: these count neither in the loss nor in the score."""

    kind: Literal["regression"]
    values: Annotated[Columns | Lines, Field(discriminator="kind")]


Target = Annotated[
    Binary | Multiclass | OpenSet | Ranked | Multilabel | MultiOutput | Ordinal | Shares | Regression,
    Field(discriminator="kind"),
]


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


def sizes_of(classes: Sequence[str], target: Target) -> tuple[int, ...]:
    """How many classes each column of a target of several labels has; of all others, how many there are."""
    return tuple(column_sizes(classes).values()) if isinstance(target, MultiOutput) else (len(classes),)
