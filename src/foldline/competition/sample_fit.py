"""Whether what a card predicts is what the sample submission asks for: its ids, columns and labels."""

from collections.abc import Sequence
from itertools import product

import pandas as pd

from foldline.card.submission import HardLabel, InLines, LabelLines, LabelSet, Number, Submission
from foldline.card.target import MultiOutput, Regression, Target
from foldline.competition.answer_columns import answer_names, asked_names, refuse_spaced
from foldline.competition.sample import WHOLE_NUMBER, Sample, line_ids, refuse_other_number
from foldline.files.refusal import Refusal, listed

DELIMITERS = (", ", "; ", " | ", ",", ";", "|", "/", "+", "_", "-", " ")
"""Longer ones first, which hold the others."""
ENCLOSURES = {"[": "]", "(": ")", "{": "}"}
ROWS = ("test rows", "Test rows", "layout.test or submission.id")
LINES_OF_ROWS = (
    "lines of test rows",
    "Lines that submission.line makes of test rows,",
    "submission.line, what target names the classes by (target.columns, target.labels.name), layout.test or "
    "submission.id",
)
"""What ids mean, what the card makes, and what to correct where they differ."""


def refuse_other_columns(sample: Sample, form: Submission, target: Target, classes: tuple[str, ...]) -> None:
    """Raises Refusal when the sample has a column too many or too few for what is predicted, or when its labels could
    not be these."""
    labels = answer_names(classes, target)
    refuse_spaced(labels, form)
    if isinstance(form, LabelSet):
        _refuse_other_enclosure(sample, form, labels)
        _refuse_other_delimiter(sample, form, labels)
    if isinstance(form, HardLabel | LabelLines):
        _refuse_other_labels(sample, form, labels)
    if isinstance(form, Number | HardLabel):
        several = isinstance(target, Regression | MultiOutput)
        refuse_other_number(sample.predicted(form), len(asked_names(classes, target)) if several else 1, form)


def _refuse_other_labels(sample: Sample, form: HardLabel | LabelLines, labels: tuple[str, ...]) -> None:
    names = [name for name in labels if not WHOLE_NUMBER.fullmatch(name)]
    if sample.whole_numbers and names:
        raise Refusal(
            f"`{form.sample.name}` has whole numbers as `{sample.predicted(form)[0]}`, but "
            f"{listed(map(repr, names), 5)} are labels of the train rows or the card's target.new_class. Name another "
            "target.column in the card, or write them as the sample does, in a function of your own "
            f"(docs/own-code.md): table['...'].replace({{{names[0]!r}: '0', ...}})."
        )


def _refuse_other_enclosure(sample: Sample, form: LabelSet, names: Sequence[str]) -> None:
    for label in set(sample.shown_labels) - set(names):
        if form.enclosed_by is None and label[0] in ENCLOSURES:
            enclosed_by = label[0] + ENCLOSURES[label[0]]
            raise Refusal(
                f"`{form.sample.name}` shows {label!r}: its sets stand in {enclosed_by}. Write `enclosed_by: "
                f"{enclosed_by!r}` into the card's submission, and as `delimiter` what stands between their labels."
            )


def _refuse_other_delimiter(sample: Sample, form: LabelSet, names: Sequence[str]) -> None:
    known = set(names)
    for label, delimiter in product(set(sample.shown_labels) - known, DELIMITERS):
        if delimiter in label and known.issuperset(label.split(delimiter)):
            raise Refusal(
                f"`{form.sample.name}` shows the labels {label!r}, with {delimiter!r} between, but the card's "
                f"submission.delimiter is {form.delimiter!r}. Write `delimiter: {delimiter!r}` into the card's "
                "submission."
            )


def refuse_other_ids(rows: pd.DataFrame, sample: Sample, form: Submission, names: tuple[str, ...]) -> None:
    """Raises Refusal when the sample asks for an id that is no test row, or no line of one. Test rows for which it does
    not ask may be.

    names: what a row may be asked for (`asked_names`).
    """
    row_ids = rows.loc[rows["part"] == "test", "row_id"]
    if sample.asked is not None:
        _refuse_other_meanings(sample.asked, row_ids, names, form)
        return
    test_ids = line_ids(row_ids, names, form)
    asked = sample.ids.drop_duplicates()
    unknown = asked[~asked.isin(test_ids)]
    if len(unknown):
        surplus = test_ids[~test_ids.isin(asked)]
        what, others, cure = LINES_OF_ROWS if isinstance(form, InLines) else ROWS
        raise Refusal(
            f"{form.sample.name}: {len(unknown)} of its {len(asked)} ids are no {what}: {listed(unknown, 3)}. {others} "
            f"for which it does not ask: {listed(surplus, 3)} ({len(surplus)} of {len(test_ids)}). Correct {cure} in "
            "the card, so that they name the same ids."
        )


def _refuse_other_meanings(asked: pd.DataFrame, row_ids: pd.Series, names: tuple[str, ...], form: Submission) -> None:
    for fact, known, what, cure in (
        ("row", row_ids, "rows that are no test rows", "layout.test"),
        ("name", pd.Series(names, dtype="str"), "what the target does not have", "target"),
    ):
        unknown = asked.loc[~asked[fact].isin(known), fact]
        if len(unknown):
            raise Refusal(
                f"{form.sample.name}: {len(unknown)} of its {len(asked)} lines ask, by the card's "
                f"submission.line.{fact}, for {what}: {listed(unknown.unique(), 3)}. There are "
                f"{listed(known, 30 if fact == 'name' else 3)}. Correct submission.line.{fact} or {cure} in the card."
            )
