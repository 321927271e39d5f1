"""Forms that give numbers: values within a range, distributions, the probability of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int64
from pydantic import AfterValidator

from foldline.card.forms.form import Form, Sample
from foldline.card.forms.line_forms import InLines
from foldline.card.forms.violations import Violation, earliest, numbers_in, outside, uneven
from foldline.card.target import Target
from foldline.card.templates import columns_of, filled, parse_template
from foldline.files.class_names import BETWEEN
from foldline.files.refusal import Refusal, listed
from foldline.metrics.truths_and_answers import FirstRule
from foldline.params.section import Range

SHOWN = 3
OUTLIERS = 0.05
"""A fraction of a column's numbers that may be mistakes of the table, and outside of what its grader takes."""


class OfNumbers(Form):
    """Numbers within a range; no kind itself."""

    range: Range
    """The lowest and the highest number that the grader takes, or null when it takes any."""

    names_classes: ClassVar = False

    def default_rule(self, target: Target, classes: tuple[str, ...], outputs: int) -> FirstRule:
        return target.number_rule(self.range, outputs)

    def refuse_outside(self, numbers: pd.DataFrame | None) -> None:
        """More than a few outside of `range` are refused: predictions would become one of its ends."""
        if self.range is None or numbers is None:
            return
        low, high = self.range
        outside = (numbers < low) | (numbers > high)  # a missing number is neither
        found = [
            f"`{name}` is from {numbers[name].min():g} to {numbers[name].max():g} in train rows, and "
            f"{outside[name].sum():,} of its {numbers[name].count():,} numbers lie outside"
            for name in numbers.columns[outside.sum() > OUTLIERS * numbers.count()]
        ]
        if found:
            raise Refusal(
                f"The card's submission.range is {[low, high]}, which predictions are clipped to, but "
                f"{listed(found, SHOWN)}. Write the lowest and the highest number that the grader takes, or null when "
                "it takes any."
            )

    def columns(self, answers: np.ndarray, names: Sequence[str], target: Target) -> list[np.ndarray]:
        return list(answers.T) if answers.ndim == 2 else [answers]

    def violation(self, columns: pd.DataFrame, sample: Sample, distributions: bool) -> Violation | None:
        return outside(columns, numbers_in(columns), self.range or (-np.inf, np.inf))


class Number(OfNumbers):
    """An id and one number, the positive class's probability or the value itself; or a column for each of several
    values, named as the target names them."""

    kind: Literal["number"]

    answers: ClassVar = ("numbers",)
    column_per: ClassVar = "answer"


class Lines(InLines, OfNumbers):
    """A line per row and class, or per row and value, with one number: `{kind: lines, line: "{row}_{class}", ...}`."""

    kind: Literal["lines"]

    answers: ClassVar = ("numbers", "probabilities")


class OfProbabilities(Form):
    """Numbers from 0 to 1; no kind itself."""

    def columns(self, answers: np.ndarray, names: Sequence[str], target: Target) -> list[np.ndarray]:
        return list((_normalised(answers) if self.sums_to_one(target) else answers).T)

    def violation(self, columns: pd.DataFrame, sample: Sample, distributions: bool) -> Violation | None:
        numbers = numbers_in(columns)
        return earliest([outside(columns, numbers, (0.0, 1.0)), uneven(numbers) if distributions else None])


class ClassProbabilities(OfProbabilities):
    """An id and a column of probabilities per class; each row sums to one unless the target is multilabel."""

    kind: Literal["class_probabilities"]

    answers: ClassVar = ("probabilities",)
    column_per: ClassVar = "class"
    takes_all_classes: ClassVar = True

    def sums_to_one(self, target: Target) -> bool:
        return target.sums_to_one


class ProbabilityLines(InLines, OfProbabilities):
    """A line per row and column of a target of several labels, with a column of probabilities per label, which all
    columns of the target share; each line sums to one. `class` of `line` stands for the column's name."""

    kind: Literal["probability_lines"]

    answers: ClassVar = ("column_probabilities",)
    column_per: ClassVar = "label"

    def sums_to_one(self, target: Target) -> bool:
        return True

    def asked_for(self, answers: np.ndarray, positions: Int64[np.ndarray, " lines"], asked: int) -> np.ndarray:
        return answers.reshape(len(answers), asked, -1)[np.arange(len(answers)), positions]

    def titles(self, classes: tuple[str, ...], target: Target, predicted: tuple[str, ...]) -> tuple[str, ...]:
        return target.answer_names(classes)[: target.sizes(classes)[0]]


def _names_column_and_label(template: str) -> str:
    if sorted(columns_of(parse_template(template))) not in (["column", "label"], ["label"]):
        raise ValueError("it names column and label, each once: `{column}_{label}`; or the label alone")
    return template


class ProbabilityColumns(OfProbabilities):
    """An id and a column of probabilities for each column and label of a target of several labels; those of one column
    sum to one."""

    kind: Literal["probability_columns"]
    column: Annotated[str, AfterValidator(_names_column_and_label)]
    """How its name is made: `{column}_{label}`."""

    answers: ClassVar = ("column_probabilities",)
    column_per: ClassVar = "output"

    def titles(self, classes: tuple[str, ...], target: Target, predicted: tuple[str, ...]) -> tuple[str, ...]:
        """Raises Refusal where the template names two classes (`column=label`) alike."""
        parts = [name.partition(BETWEEN)[::2] for name in classes]
        table = pd.DataFrame(parts, columns=["column", "label"], dtype="str")
        names = filled(parse_template(self.column), table)
        repeated = names[names.duplicated()]
        if len(repeated):
            raise Refusal(
                f"submission.column is {self.column!r}, which gives several classes of the target the name "
                f"{listed(repeated.unique(), 3)}. Write a template that tells them apart: {{column}}_{{label}}."
            )
        return tuple(names)


def _normalised(values: Float32[np.ndarray, "rows classes"]) -> Float32[np.ndarray, "rows classes"]:
    """Each row divided by its sum, in float64, so that only the last rounding remains."""
    wide = values.astype(np.float64)
    return (wide / wide.sum(axis=1, keepdims=True)).astype(np.float32)
