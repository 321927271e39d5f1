"""Forms whose fields name classes: one label, or several with a separator between."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64
from pydantic import Field

from foldline.card.forms.form import Form, Sample
from foldline.card.forms.line_forms import InLines
from foldline.card.forms.violations import NUMBER, SPACE, Violation, earliest, in_texts
from foldline.card.target import Target
from foldline.files.refusal import Refusal, counted, listed, suggestion
from foldline.metrics.truths_and_answers import NOTHING, FirstRule

WHOLE_NUMBER = r"-?[0-9]+"
SHOWN = 5


class OfLabels(Form):
    """Labels in fields; no kind itself."""

    of_labels: ClassVar = True
    separator_keys: ClassVar[str] = ""
    """What else of the form may be wrong where a label holds the separator."""

    def separator(self) -> str | None:
        """What stands between the labels of a field, or between a label and its confidence; None for a single one."""
        return None

    def wanted(self, sample: Sample) -> tuple[str, str]:
        """What a field must be: a pattern, and in words."""
        return "(?s:.+)", "a label"

    def refuse_unwritable(self, names: Sequence[str], shown: Collection[str] = ()) -> None:
        separator = self.separator()
        if separator is None:
            return
        # Graders may strip blanks, or part at any; but what the sample shows, they take.
        spaced = [
            name
            for name in names
            if name not in shown
            and (name.split(None if separator == SPACE else separator) != [name] or name != name.strip() or not name)
        ]
        if spaced:
            by = "spaces" if separator == SPACE else repr(separator)
            raise Refusal(
                f"A submission of kind `{self.kind}` separates labels by {by}, but "
                f"{counted(len(spaced), 'label holds', 'labels hold')} one: "
                f"{listed(map(repr, spaced), 3)}. Write them as the sample submission does, in a function of your own "
                "(docs/own-code.md); no two labels may become one. Or correct "
                f"submission.kind{self.separator_keys} or target.labels.delimiter in the card."
            )

    def violation(self, columns: pd.DataFrame, sample: Sample, distributions: bool) -> Violation | None:
        pattern, wanted = self.wanted(sample)
        return earliest(
            in_texts(columns[name], columns[name].fillna("").str.fullmatch(pattern), wanted) for name in columns
        )

    def label_violation(self, columns: pd.DataFrame, names: Sequence[str] | None) -> Violation | None:
        known = None if names is None else dict.fromkeys(names)
        return earliest(self._in_column(columns[name], known) for name in columns)

    def _in_column(self, values: pd.Series, known: Collection[str] | None) -> Violation | None:
        fields = values.fillna("")
        wrong = {field: what for field in fields.unique() if (what := _wrong(self.labels_in(field), known))}
        if not wrong:
            return None
        position = int(np.argmax(fields.isin(list(wrong))))
        return Violation(position, f"column `{values.name}` {wrong[fields.iloc[position]]}")


def _wrong(labels: list[str], known: Collection[str] | None) -> str:
    """What is wrong with the labels of a row, in words; empty when nothing is."""
    unknown = next((label for label in labels if known is not None and label not in known), None)
    if known is not None and unknown is not None:
        return f"names {unknown!r}, which is not a label.{suggestion(unknown, known)} There are {listed(known, SHOWN)}"
    repeated = next((label for label in labels if labels.count(label) > 1), None)
    return f"names {repeated!r} twice" if repeated is not None else ""


class OfOneLabel(OfLabels):
    """No kind itself."""

    answers: ClassVar = ("labels",)

    def default_rule(self, target: Target, classes: tuple[str, ...], outputs: int) -> FirstRule:
        return target.label_rule(classes, outputs)

    def shows_integers(self, table: pd.DataFrame) -> bool:
        return all(table[column].str.fullmatch(WHOLE_NUMBER).all() for column in table)

    def refuse_other_labels(self, sample: Sample, names: tuple[str, ...]) -> None:
        others = [name for name in names if not pd.Series([name]).str.fullmatch(WHOLE_NUMBER).all()]
        if sample.integers and others:
            raise Refusal(
                f"`{self.sample.name}` has integers as `{sample.predicted(self)[0]}`, but "
                f"{listed(map(repr, others), 5)} are labels of the train rows or the card's target.new_class. Name "
                "another target.column in the card, or write them as the sample does, in a function of your own "
                f"(docs/own-code.md): table['...'].replace({{{others[0]!r}: '0', ...}})."
            )

    def columns(self, answers: np.ndarray, names: Sequence[str], target: Target) -> list[np.ndarray]:
        return [named(column, names) for column in answers.reshape(len(answers), -1).T]

    def wanted(self, sample: Sample) -> tuple[str, str]:
        return (WHOLE_NUMBER, "an integer, as in the sample") if sample.integers else super().wanted(sample)


class HardLabel(OfOneLabel):
    """An id and one label; or a column for each of several labels, named as the target names them."""

    kind: Literal["label"]

    column_per: ClassVar = "answer"


class LabelLines(InLines, OfOneLabel):
    """A line per row and column of a target of several labels, with one label; `class` of `line` stands for the
    column's name."""

    kind: Literal["label_lines"]


class ConfidentLabel(OfLabels):
    """An id, and in one field a label and how sure of it one is, with a space between: `8815 0.03`."""

    kind: Literal["confident_label"]

    answers: ClassVar = ("confident_labels",)

    def default_rule(self, target: Target, classes: tuple[str, ...], outputs: int) -> FirstRule:
        return {"kind": "most_probable_with_confidence"}

    def separator(self) -> str:
        return SPACE

    def labels_in(self, field: str) -> list[str]:
        return field.split(SPACE)[:1] if field else [field]

    def columns(self, answers: Float64[np.ndarray, "rows 2"], names: Sequence[str], target: Target) -> list[np.ndarray]:
        confidences = answers[:, 1].astype(np.float32).astype("str").astype(object)
        return [named(answers[:, 0].astype(np.int64), names) + SPACE + confidences]

    def wanted(self, sample: Sample) -> tuple[str, str]:
        return rf"[^ ]+ {NUMBER}", "a label and its confidence, a number, with one space between"


class Ranking(OfLabels):
    """An id and the likeliest labels in order, space-separated."""

    kind: Literal["ranking"]
    length: Annotated[int, Field(ge=1)]
    """How many labels are written, at most."""

    answers: ClassVar = ("rankings",)

    def most_answers(self) -> int:
        return self.length

    def default_rule(self, target: Target, classes: tuple[str, ...], outputs: int) -> FirstRule:
        return target.ranking_rule(self.length, classes)

    def separator(self) -> str:
        return SPACE

    def labels_in(self, field: str) -> list[str]:
        return field.split(SPACE) if field else []

    def columns(
        self, answers: Int64[np.ndarray, "rows length"], names: Sequence[str], target: Target
    ) -> list[np.ndarray]:
        filled = answers != NOTHING
        return [joined(named(answers[filled], names), filled.sum(axis=1), SPACE)]

    def wanted(self, sample: Sample) -> tuple[str, str]:
        return (
            rf"[^ ]+( [^ ]+){{0,{self.length - 1}}}",
            f"1 to {self.length} labels with one space between, without blanks",
        )


def named(positions: Int64[np.ndarray, " some"], names: Sequence[str]) -> np.ndarray:
    return np.array(names, dtype=object)[positions]


def joined(labels: np.ndarray, counts: Int64[np.ndarray, " rows"], separator: str) -> np.ndarray:
    """labels: of all rows, one after the other; counts: how many each row has."""
    texts = np.empty(len(counts), dtype=object)
    texts[:] = [separator.join(row) for row in np.split(labels, np.cumsum(counts)[:-1])] if len(counts) else []
    return texts
