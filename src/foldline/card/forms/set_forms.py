"""Forms of a set of labels per row: in one field, or as a column of 0 and 1 per class."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool
from pydantic import Field

from foldline.card.forms.form import Form, Sample
from foldline.card.forms.label_forms import OfLabels, joined, named
from foldline.card.forms.violations import SPACE, Violation, earliest, first_of, in_texts, numbers_in
from foldline.card.target import Target
from foldline.files.refusal import Refusal
from foldline.metrics.truths_and_answers import FirstRule

UNFITTED_THRESHOLD = 0.5
DELIMITERS = (", ", "; ", " | ", ",", ";", "|", "/", "+", "_", "-", " ")
"""Longer ones first, which hold the others."""
ENCLOSURES = {"[": "]", "(": ")", "{": "}"}


class OfSets(Form):
    """No kind itself."""

    empty: Literal["allowed", "refused"]
    """Whether a row may have no label at all; where not, it gets the likeliest one."""

    answers: ClassVar = ("sets",)

    def default_rule(self, target: Target, classes: tuple[str, ...], outputs: int) -> FirstRule:
        return {"kind": "thresholds", "thresholds": [UNFITTED_THRESHOLD] * len(classes), "empty": self.empty}


class LabelSet(OfSets, OfLabels):
    """An id and the labels of a set, with a space between, or with what `delimiter` says.

    The delimiter may be left out, and what encloses the set: nearly every grader takes a space and nothing around, and
    cards that were written before there was a choice mean these.
    """

    kind: Literal["label_set"]
    delimiter: Annotated[str, Field(min_length=1)] = SPACE
    enclosed_by: Annotated[str, Field(min_length=2, max_length=2)] | None = None
    """What stands before and after a set, `"[]"` for `[1361281, 1395063]`; null for nothing."""

    separator_keys: ClassVar = " or submission.delimiter"

    def separator(self) -> str:
        return self.delimiter

    def labels_in(self, field: str) -> list[str]:
        if self.enclosed_by and self._is_enclosed(field):
            field = field[1:-1]
        return field.split(self.delimiter) if field else []

    def _is_enclosed(self, field: str) -> bool:
        """Whether what must stand around a set does."""
        return self.enclosed_by is None or (len(field) > 1 and field[0] + field[-1] == self.enclosed_by)

    def refuse_other_labels(self, sample: Sample, names: tuple[str, ...]) -> None:
        super().refuse_other_labels(sample, names)
        known = set(names)
        for label in set(sample.shown_labels) - known:
            if self.enclosed_by is None and label[0] in ENCLOSURES:
                enclosed_by = label[0] + ENCLOSURES[label[0]]
                raise Refusal(
                    f"`{self.sample.name}` shows {label!r}: its sets stand in {enclosed_by}. Write `enclosed_by: "
                    f"{enclosed_by!r}` into the card's submission, and as `delimiter` what stands between their labels."
                )
        for label, delimiter in product(set(sample.shown_labels) - known, DELIMITERS):
            if delimiter in label and known.issuperset(label.split(delimiter)):
                raise Refusal(
                    f"`{self.sample.name}` shows the labels {label!r}, with {delimiter!r} between, but the card's "
                    f"submission.delimiter is {self.delimiter!r}. Write `delimiter: {delimiter!r}` into the card's "
                    "submission."
                )

    def columns(
        self, answers: Bool[np.ndarray, "rows classes"], names: Sequence[str], target: Target
    ) -> list[np.ndarray]:
        before, after = self.enclosed_by or ("", "")
        rows, positions = answers.nonzero()
        counts = np.bincount(rows, minlength=len(answers))
        return [before + joined(named(positions, names), counts, self.delimiter) + after]

    def violation(self, columns: pd.DataFrame, sample: Sample, distributions: bool) -> Violation | None:
        return earliest(self._in_fields(columns[name], sample.shown_labels) for name in columns)

    def _in_fields(self, values: pd.Series, shown: Collection[str]) -> Violation | None:
        fields = values.fillna("")
        sets = [self.labels_in(field) for field in fields]
        valid = [
            self._is_enclosed(field)
            and all(label and (label == label.strip() or label in shown) for label in labels)
            and (self.empty == "allowed" or bool(labels))
            for field, labels in zip(fields, sets, strict=True)
        ]
        amount = "labels" if self.empty == "allowed" else "one or more labels"
        between = "one space" if self.delimiter == SPACE else repr(self.delimiter)
        around = f", in {self.enclosed_by}" if self.enclosed_by else ""
        return in_texts(values, pd.Series(valid), f"{amount} with {between} between{around}")

    def shows_integers(self, table: pd.DataFrame) -> bool:
        return bool((table != "").any(axis=None)) and self.reads_as_numbers(table)

    def reads_as_numbers(self, columns: pd.DataFrame) -> bool:
        return bool(columns.iloc[:, 0].fillna("").str.fullmatch(r"([+-]?\d+)?").all())


class SetColumns(OfSets):
    """An id and a column per class, 1 where the row has its label and 0 elsewhere."""

    kind: Literal["set_columns"]

    column_per: ClassVar = "class"

    def refuse_other_fields(self, table: pd.DataFrame) -> None:
        hard = table.apply(lambda column: column.str.fullmatch(r"[01](\.0*)?"))
        if not hard.all(axis=None):
            row, column = np.argwhere(~hard.to_numpy())[0]
            raise Refusal(
                f"`{self.sample.name}` has {table.iat[row, column]!r} in its column `{table.columns[column]}`, where a "
                "submission of kind `set_columns` has 0 or 1. Correct submission.kind in the card: probabilities of "
                "classes are `class_probabilities`."
            )

    def columns(
        self, answers: Bool[np.ndarray, "rows classes"], names: Sequence[str], target: Target
    ) -> list[np.ndarray]:
        return list(answers.T.astype(np.int8))

    def violation(self, columns: pd.DataFrame, sample: Sample, distributions: bool) -> Violation | None:
        numbers = numbers_in(columns)
        soft = first_of((numbers != 0) & (numbers != 1), columns, numbers, "0 or 1")
        bare = (numbers == 0).all(axis=1)
        empty = None
        if self.empty == "refused" and bare.any():
            empty = Violation(int(np.argmax(bare)), "none of its columns is 1, it must have one or more labels")
        return earliest([soft, empty])
