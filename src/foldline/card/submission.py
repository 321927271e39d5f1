"""Section `submission` of a card: the form of the csv that the grader takes."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from foldline.card.ranges import Range
from foldline.card.source_steps import File, Headerless
from foldline.card.sources import Source
from foldline.card.templates import IdTemplate, columns_of, parse_template
from foldline.params.section import Section


def _as_file(value: Any) -> Any:
    return {"kind": "file", "name": value} if isinstance(value, str) else value


class _Form(Section):
    sample: Annotated[Annotated[File | Headerless, Field(discriminator="kind")], BeforeValidator(_as_file)]
    """The path of the sample submission in the competition's files. Where its first line is no header, `{kind:
    headerless, name: sample.csv, columns: [id, label]}`: then the submission has none either."""
    id: str
    """Its id column."""
    extra_columns: Literal["ignored", "refused"]
    """What the grader does with columns that the sample submission has not; `refused` where nothing is known."""
    copied: tuple[str, ...] = ()
    """Columns of the sample that are written as it has them: what else a grader asks for, and nothing here predicts.
    Few cards have one, so that it may be left out."""

    @model_validator(mode="after")
    def _copies_no_id(self) -> "_Form":
        if self.id in self.copied:
            raise ValueError(f"submission.copied names {self.id}, which is submission.id: it is written anyway")
        return self


class ClassProbabilities(_Form):
    """An id and a column of probabilities per class; each row sums to one unless the target is multilabel."""

    kind: Literal["class_probabilities"]


class _Numbers(_Form):
    range: Range
    """The lowest and the highest number that the grader takes, or null when it takes any."""

    @model_validator(mode="after")
    def _rises(self) -> "_Numbers":
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"submission.range is {list(self.range)}: the lowest number comes first")
        return self


class Number(_Numbers):
    """An id and one number, the positive class's probability or the value itself; or a column for each of several
    values, named as the target names them."""

    kind: Literal["number"]


def _names_row_and_class(template: str) -> str:
    if sorted(columns_of(parse_template(template))) != ["class", "row"]:
        raise ValueError("it names row and class, each once: `{row}_{class}`")
    return template


class LineTemplate(Section):
    """Written as the template alone: how a line's id is made of the row's id and the class."""

    kind: Literal["template"]
    template: Annotated[str, AfterValidator(_names_row_and_class)]


class LineTable(Section):
    """A table that says of each line's id what it asks for: `{kind: table, table: IdLookupTable.csv, id: RowId, row:
    ImageId, name: FeatureName}`."""

    kind: Literal["table"]
    table: Source
    id: IdTemplate
    """The line's id, as the sample submission has it: a column, or a template over columns, as the other two."""
    row: IdTemplate
    """The id of the row."""
    name: IdTemplate
    """Of the class or the number."""


def _spelled_out(value: Any) -> Any:
    # Checked here as well, so that a message names the key that the card has.
    return {"kind": "template", "template": _names_row_and_class(value)} if isinstance(value, str) else value


Line = Annotated[Annotated[LineTemplate | LineTable, Field(discriminator="kind")], BeforeValidator(_spelled_out)]
"""Which row and which class a line's id means. Not every pair needs a line: the sample's are written."""


class Lines(_Numbers):
    """A line per row and class, or per row and value, with one number: `{kind: lines, line: "{row}_{class}", ...}`."""

    kind: Literal["lines"]
    line: Line


class ProbabilityLines(_Form):
    """A line per row and column of a target of several labels, with a column of probabilities per label, which all
    columns of the target share; each line sums to one. `class` of `line` stands for the column's name."""

    kind: Literal["probability_lines"]
    line: Line


def _names_column_and_label(template: str) -> str:
    if sorted(columns_of(parse_template(template))) not in (["column", "label"], ["label"]):
        raise ValueError("it names column and label, each once: `{column}_{label}`; or the label alone")
    return template


class ProbabilityColumns(_Form):
    """An id and a column of probabilities for each column and label of a target of several labels; those of one column
    sum to one."""

    kind: Literal["probability_columns"]
    column: Annotated[str, AfterValidator(_names_column_and_label)]
    """How its name is made: `{column}_{label}`."""


class HardLabel(_Form):
    """An id and one label; or a column for each of several labels, named as the target names them."""

    kind: Literal["label"]


class LabelLines(_Form):
    """A line per row and column of a target of several labels, with one label; `class` of `line` stands for the
    column's name."""

    kind: Literal["label_lines"]
    line: Line


class ConfidentLabel(_Form):
    """An id, and in one field a label and how sure of it one is, with a space between: `8815 0.03`."""

    kind: Literal["confident_label"]


class LabelSet(_Form):
    """An id and the labels of a set, with a space between, or with what `delimiter` says.

    The delimiter may be left out, and what encloses the set: nearly every grader takes a space and nothing around, and
    cards that were written before there was a choice mean these.
    """

    kind: Literal["label_set"]
    delimiter: Annotated[str, Field(min_length=1)] = " "
    enclosed_by: Annotated[str, Field(min_length=2, max_length=2)] | None = None
    """What stands before and after a set, `"[]"` for `[1361281, 1395063]`; null for nothing."""
    empty: Literal["allowed", "refused"]
    """Whether a row may have no label at all; where not, it gets the likeliest one."""


class SetColumns(_Form):
    """An id and a column per class, 1 where the row has its label and 0 elsewhere."""

    kind: Literal["set_columns"]
    empty: Literal["allowed", "refused"]
    """Whether a row may have no label at all; where not, it gets the likeliest one."""


class Ranking(_Form):
    """An id and the likeliest labels in order, space-separated."""

    kind: Literal["ranking"]
    length: Annotated[int, Field(ge=1)]
    """How many labels are written, at most."""


Labelled = HardLabel | LabelLines | ConfidentLabel | LabelSet | Ranking
"""The forms that name classes; the others give numbers."""
ByClass = ClassProbabilities | SetColumns
"""The forms whose columns beside the id are the classes."""
Probabilities = ClassProbabilities | ProbabilityColumns | ProbabilityLines
"""The forms that give distributions, or the probability of each class, as they are predicted."""
InLines = Lines | LabelLines | ProbabilityLines
"""The forms with several lines for a row, as `line` says."""

Submission = Annotated[
    ClassProbabilities
    | ProbabilityColumns
    | ProbabilityLines
    | Number
    | Lines
    | HardLabel
    | LabelLines
    | ConfidentLabel
    | LabelSet
    | SetColumns
    | Ranking,
    Field(discriminator="kind"),
]
