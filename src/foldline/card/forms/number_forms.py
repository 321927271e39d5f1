"""Forms that give numbers: a probability, or values within a range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from foldline.card.forms.form import Form, Sample, refuse_texts
from foldline.card.forms.line_forms import InLines
from foldline.card.forms.violations import Violation, numbers_in, outside
from foldline.card.target import Target
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

    def refuse_other_fields(self, table: pd.DataFrame) -> None:
        refuse_texts(self, table)

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
