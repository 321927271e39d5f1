"""What a grader would not accept in a block of a submission's rows: the first such row, and the column."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from foldline.cards.submission import (
    ClassProbabilities,
    ConfidentLabel,
    HardLabel,
    Labelled,
    LabelLines,
    LabelSet,
    Lines,
    Number,
    Ranking,
    Submission,
)
from foldline.competition.answer_columns import SPACE, labels_in
from foldline.competition.sample import Sample

SUM_TOLERANCE = 1e-6
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


@dataclass(frozen=True)
class Offence:
    position: int
    """Of the row in its block."""
    what: str


def first_offence(block: pd.DataFrame, sample: Sample, form: Submission, distributions: bool) -> Offence | None:
    """distributions: whether the probabilities of a row must sum to one. Texts are as the csv holds them."""
    offence = _in_text(block[form.id], block[form.id].notna(), "an id")
    if offence is not None:
        return offence
    columns = list(sample.predicted(form))
    if isinstance(form, ClassProbabilities):
        outside = _outside(block[columns], (0.0, 1.0))
        return outside or (_uneven(block[columns]) if distributions else None)
    if isinstance(form, Number | Lines):
        return _outside(block[columns], form.range or (-np.inf, np.inf))
    offences = (_in_labels(block[column], sample, form) for column in columns)
    return next((offence for offence in offences if offence), None)


def _in_labels(values: pd.Series, sample: Sample, form: Labelled) -> Offence | None:
    if isinstance(form, LabelSet):
        return _in_sets(values, form)
    pattern, wanted = _wanted_text(sample, form)
    return _in_text(values, values.fillna("").str.fullmatch(pattern), wanted)


def _wanted_text(sample: Sample, form: HardLabel | LabelLines | ConfidentLabel | Ranking) -> tuple[str, str]:
    """A pattern, and in words."""
    if isinstance(form, HardLabel | LabelLines):
        return (r"-?\d+", "a whole number, as in the sample") if sample.whole_numbers else (".+", "a label")
    if isinstance(form, ConfidentLabel):
        return rf"\S+ {NUMBER}", "a label and its confidence, a number, with one space between"
    return rf"\S+( \S+){{0,{form.length - 1}}}", f"1 to {form.length} labels with one space between, without blanks"


def _in_sets(values: pd.Series, form: LabelSet) -> Offence | None:
    sets = [labels_in(field, form) for field in values.fillna("")]
    whole = [all(label and label == label.strip() for label in labels) for labels in sets]
    filled = [form.empty == "allowed" or bool(labels) for labels in sets]
    amount = "labels" if form.empty == "allowed" else "one or more labels"
    between = "one space" if form.delimiter == SPACE else repr(form.delimiter)
    return _in_text(values, pd.Series(whole) & pd.Series(filled), f"{amount} with {between} between")


def _in_text(values: pd.Series, valid: pd.Series, wanted: str) -> Offence | None:
    wrong = ~valid.to_numpy(bool)
    if not wrong.any():
        return None
    position = int(np.argmax(wrong))
    return Offence(position, f"column `{values.name}` is {_shown(values.iloc[position])}, it must be {wanted}")


def _outside(columns: pd.DataFrame, bounds: tuple[float, float]) -> Offence | None:
    not_numbers = (_not_a_number(columns[name]) for name in columns)
    offence = next((offence for offence in not_numbers if offence), None)
    if offence is not None:
        return offence
    values = columns.to_numpy(np.float64)
    # A comparison with NaN is false, so this form finds it too.
    outside = ~((values >= bounds[0]) & (values <= bounds[1]) & np.isfinite(values))
    if not outside.any():
        return None
    position, place = divmod(int(np.argmax(outside)), values.shape[1])
    found = f"column `{columns.columns[place]}` is {_shown(values[position, place].item())}"
    wanted = "a number" if np.isinf(bounds).any() else f"a number from {bounds[0]:g} to {bounds[1]:g}"
    return Offence(position, f"{found}, it must be {wanted}")


def _not_a_number(values: pd.Series) -> Offence | None:
    if values.dtype.kind in "iuf":
        return None
    wrong = pd.to_numeric(values.astype("str"), errors="coerce").isna().to_numpy()
    position = int(np.argmax(wrong))
    return Offence(position, f"column `{values.name}` is {_shown(values.iloc[position])}, it must be a number")


def _uneven(probabilities: pd.DataFrame) -> Offence | None:
    sums = probabilities.to_numpy(np.float64).sum(axis=1)
    position = int(np.argmax(np.abs(sums - 1)))
    if np.abs(sums[position] - 1) <= SUM_TOLERANCE:
        return None
    return Offence(position, f"its probabilities sum to {sums[position]:.9g}, not to one within {SUM_TOLERANCE}")


def _shown(value: object) -> str:
    return "empty" if value is None or value != value else repr(value)
