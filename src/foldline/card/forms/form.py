"""What all forms of submission share: a form is one class in one file of this room, told by its `kind` in the card.

A form says which answers it holds, what its sample shows, which rule makes answers before anything is fitted, what is
written for them, and what a grader would not accept. Ids, header, copied columns and blocks of rows are the same for
all (competition/sample.py, submission.py, submission_check.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from jaxtyping import Int64
from pydantic import BeforeValidator, model_validator

from foldline.archive.archives import Archives
from foldline.card.forms.violations import Violation
from foldline.card.source_steps import File, Headerless
from foldline.card.target import Target
from foldline.card.targets.sample_columns import Per, refuse_other_columns
from foldline.card.targets.target_kind import AS_PREDICTED, TargetKind
from foldline.files.refusal import Refusal, counted, listed
from foldline.metrics.truths_and_answers import Answer, FirstRule
from foldline.params.section import Kinds, Section

BLANKS = ("", "nan", "NaN", "NA", "NULL")
"""Where a sample shows nothing."""


@dataclass(frozen=True)
class Sample:
    """The sample submission: which rows and columns the grader expects."""

    columns: tuple[str, ...]
    """The id and the predicted columns, in the file's order; without the id where that is the number of the line."""
    ids: pd.Series
    """Text, in the file's order; an id may repeat."""
    integers: bool
    """Whether the labels it shows are integers; the grader then wants them without a decimal point."""
    has_header: bool = True
    """Whether the file's first line names the columns."""
    meanings: pd.Series | None = None
    """What each line asks for, where its id does not say it itself."""
    shown_labels: tuple[str, ...] = ()
    """Those of its first lines, where it has labels."""
    copied: pd.DataFrame | None = None
    """The columns that are written as they are here (`submission.copied`), text; or None."""
    nameless: tuple[str, ...] = ()
    """Of the columns those whose name the file's first line leaves empty."""

    @property
    def asked(self) -> pd.Series:
        return self.ids if self.meanings is None else self.meanings

    def predicted(self, form: "Form") -> tuple[str, ...]:
        return form.predicted(self.columns)


def _as_file(value: Any) -> Any:
    return {"kind": "file", "name": value} if isinstance(value, str) else value


class Form(Section):
    """The section `submission` of a card: the form of the csv that the grader takes."""

    kind: Any
    sample: Annotated[Annotated[File | Headerless, Kinds()], BeforeValidator(_as_file)]
    """The path of the sample submission in the competition's files. Where its first line is no header, `{kind:
    headerless, name: sample.csv, columns: [id, label]}`: then the submission has none either."""
    id: str
    """Its id column."""
    extra_columns: Literal["ignored", "refused"]
    """What the grader does with columns that the sample submission has not; `refused` where nothing is known."""
    copied: tuple[str, ...] = ()
    """Columns of the sample that are written as it has them: what else a grader asks for, and nothing here predicts.
    Few cards have one, so that it may be left out."""

    answers: ClassVar[tuple[Answer, ...]]
    """Those that it can hold."""
    column_per: ClassVar[Per] = "row"
    """What the predicted columns stand for: a row has one; one for each answer of a target; for each class; for each
    label that all columns of a target share; for each pair of a target's column and its label."""
    in_lines: ClassVar[bool] = False
    """Whether a row has several lines, as `line` says."""
    of_labels: ClassVar[bool] = False
    """Whether its fields are labels; else they are numbers."""
    names_classes: ClassVar[bool] = True
    """Whether classes stand in it by name, in fields or as columns."""
    takes_all_classes: ClassVar[bool] = False
    """Whether its rule takes the predictions of all classes, where only the highest are stored."""
    ids_mean: ClassVar[tuple[str, str, str]] = ("test rows", "Test rows", "layout.test or submission.id")
    """What ids mean, what the card makes, and what to correct where they differ."""

    @model_validator(mode="after")
    def _copies_no_id(self) -> "Form":
        if self.id in self.copied:
            raise ValueError(f"submission.copied names {self.id}, which is submission.id: it is written anyway")
        return self

    @classmethod
    def takes(cls, target: TargetKind | type[TargetKind]) -> bool:
        """Whether a target's answers are submitted so."""
        return not set(cls.answers).isdisjoint(target.answers) and (target.in_lines or not cls.in_lines)

    def most_answers(self) -> int | None:
        """How many labels a ranking has."""
        return None

    def default_rule(self, target: Target, classes: tuple[str, ...], outputs: int) -> FirstRule:
        """The rule before anything is fitted. outputs: how many numbers a row's predictions are."""
        return AS_PREDICTED

    def predicted(self, header: Sequence[str]) -> tuple[str, ...]:
        """All but the id and those that are copied."""
        return tuple(column for column in header if column not in (self.id, *self.copied))

    def sums_to_one(self, target: Target) -> bool:
        """Whether the csv's rows are distributions."""
        return False

    # The sample

    def refuse_other_fields(self, table: pd.DataFrame) -> None:
        """Raises Refusal where the first lines of the sample show what this form cannot have: in one of numbers
        anything else, but for blanks. table: the predicted columns, text."""
        if self.of_labels:
            return
        texts = table.to_numpy(dtype=object)
        numbers = pd.to_numeric(pd.Series(texts.ravel(), dtype="str"), errors="coerce").to_numpy().reshape(texts.shape)
        others = np.isnan(numbers) & ~np.isin(np.char.strip(texts.astype("U")), BLANKS)
        if others.any():
            row, position = np.argwhere(others)[0]
            raise Refusal(
                f"`{self.sample.name}` has {texts[row, position]!r} in its column `{table.columns[position]}`, where a "
                f"submission of kind `{self.kind}` has numbers. Name the sample submission as submission.sample in the "
                "card, or correct submission.kind: a label is `label`."
            )

    def shows_integers(self, table: pd.DataFrame) -> bool:
        """Whether the sample's labels are; table: as above, all lines."""
        return False

    def labels_in(self, field: str) -> list[str]:
        """The labels that a field of a submission names."""
        return [field] if field else []

    def refuse_other_sample(self, sample: Sample, target: Target, classes: tuple[str, ...]) -> None:
        """Raises Refusal when the sample has a column too many or too few for what is predicted, or when its labels
        could not be these."""
        self.refuse_other_labels(sample, target.answer_names(classes))
        if self.column_per == "answer":
            self.refuse_other_number(sample.predicted(self), target.answer_count(classes))
        if self.column_per == "output":
            titles = self.titles(classes, target, ())
            refuse_other_columns(self.sample.name, sample.predicted(self), set(titles))

    def refuse_other_labels(self, sample: Sample, names: tuple[str, ...]) -> None:
        """Raises Refusal when the sample's labels could not be those of `names`, or these not be written so."""
        self.refuse_unwritable(names, sample.shown_labels)

    def refuse_unwritable(self, names: Sequence[str], shown: Collection[str] = ()) -> None:
        """Raises Refusal for labels that a list with separators would take apart; shown: those of the sample."""

    def refuse_other_number(self, predicted: Sequence[str], wanted: int) -> None:
        if len(predicted) != wanted:
            raise Refusal(
                f"`{self.sample.name}` has {counted(len(predicted), 'column', 'columns')} besides the id "
                f"({listed(predicted)}), a submission of kind `{self.kind}` has {wanted} here. Correct "
                "submission.kind, submission.id or what the target names in the card."
            )

    def refuse_outside(self, numbers: pd.DataFrame | None) -> None:
        """Raises Refusal for train numbers that it cannot hold; None for a target without numbers."""

    # Its lines

    def meanings(self, ids: pd.Series, archives: Archives) -> pd.Series:
        """What each line of the sample asks for, as `all_lines` says it. Raises Refusal where nobody knows."""
        return ids

    def lines_per_row(self, names: tuple[str, ...]) -> int:
        """names: what a row may be asked for (a target's `asked_names`)."""
        return len(names) if self.in_lines else 1

    def all_lines(self, row_ids: pd.Series, names: tuple[str, ...]) -> pd.Series:
        """All lines that there could be, by row and then by name."""
        return row_ids

    def asked_for(self, answers: np.ndarray, positions: Int64[np.ndarray, " lines"], asked: int) -> np.ndarray:
        """Of the answers for each line's row those that the line asks for, by its position among the `asked`."""
        return answers

    # What is written

    def titles(self, classes: tuple[str, ...], target: Target, predicted: tuple[str, ...]) -> tuple[str, ...]:
        """The names of the columns that `columns` gives, in its order; predicted: the sample's."""
        return predicted if len(predicted) == 1 and self.column_per != "class" else target.asked_names(classes)

    def columns(self, answers: np.ndarray, names: Sequence[str], target: Target) -> list[np.ndarray]:
        """A rule's answers as one array of a block's rows per predicted column, in the order of the classes where there
        is one for each. names: a target's `answer_names`."""
        raise NotImplementedError

    # What is checked

    def violation(self, columns: pd.DataFrame, sample: Sample, distributions: bool) -> Violation | None:
        """The first in a block's predicted columns. distributions: whether a row's probabilities must sum to one."""
        raise NotImplementedError

    def label_violation(self, columns: pd.DataFrame, names: Sequence[str] | None) -> Violation | None:
        """The first label that no row can have, or that stands twice; columns: without a violation. names: those that a
        submission can name; None where nobody knows them."""
        return None

    def reads_as_numbers(self, columns: pd.DataFrame) -> bool:
        """Whether a grader would take a whole column of a block for numbers, which it must not."""
        return False
