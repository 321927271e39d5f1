"""What a grader would not accept in a block of a submission's rows: the first such row, and the column."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from foldline.card.submission import (
    ConfidentLabel,
    HardLabel,
    Labelled,
    LabelLines,
    LabelSet,
    Lines,
    Number,
    Probabilities,
    Ranking,
    SetColumns,
    Submission,
)
from foldline.competition.answer_columns import SPACE, is_enclosed, labels_in
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
    offences = [_in_text(block[form.id], block[form.id].notna(), "an id")]
    columns = list(sample.predicted(form))
    if isinstance(form, Probabilities):
        numbers = _numbers(block[columns])
        offences.append(_outside(block[columns], numbers, (0.0, 1.0)))
        offences.append(_uneven(numbers) if distributions else None)
    elif isinstance(form, SetColumns):
        numbers = _numbers(block[columns])
        offences.append(_not_hard(block[columns], numbers))
        offences.append(_unlabelled(numbers) if form.empty == "refused" else None)
    elif isinstance(form, Number | Lines):
        offences.append(_outside(block[columns], _numbers(block[columns]), form.range or (-np.inf, np.inf)))
    else:
        offences += [_in_labels(block[column], sample, form) for column in columns]
    return earliest(offences)


def earliest(offences: Iterable[Offence | None]) -> Offence | None:
    """Of those in the same row the first one."""
    return min((found for found in offences if found is not None), key=lambda found: found.position, default=None)


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
    fields = values.fillna("")
    sets = [labels_in(field, form) for field in fields]
    whole = [
        is_enclosed(field, form) and all(label and label == label.strip() for label in labels)
        for field, labels in zip(fields, sets, strict=True)
    ]
    filled = [form.empty == "allowed" or bool(labels) for labels in sets]
    amount = "labels" if form.empty == "allowed" else "one or more labels"
    between = "one space" if form.delimiter == SPACE else repr(form.delimiter)
    around = f", in {form.enclosed_by}" if form.enclosed_by else ""
    return _in_text(values, pd.Series(whole) & pd.Series(filled), f"{amount} with {between} between{around}")


def _in_text(values: pd.Series, valid: pd.Series, wanted: str) -> Offence | None:
    wrong = ~valid.to_numpy(bool)
    if not wrong.any():
        return None
    position = int(np.argmax(wrong))
    return Offence(position, f"column `{values.name}` is {_shown(values.iloc[position])}, it must be {wanted}")


def _numbers(columns: pd.DataFrame) -> Float64[np.ndarray, "rows columns"]:
    """NaN for what is none. A column with a single text is one of texts."""
    are_numbers = [columns[name].dtype.kind in "iuf" for name in columns]
    numbers = [
        columns[name] if is_number else pd.to_numeric(columns[name].astype("str"), errors="coerce")
        for name, is_number in zip(columns, are_numbers, strict=True)
    ]
    return np.column_stack([column.to_numpy(np.float64) for column in numbers])


def _outside(
    columns: pd.DataFrame, numbers: Float64[np.ndarray, "rows columns"], bounds: tuple[float, float]
) -> Offence | None:
    # A comparison with NaN is false, so this form finds it too.
    outside = ~((numbers >= bounds[0]) & (numbers <= bounds[1]) & np.isfinite(numbers))
    wanted = "a number" if np.isinf(bounds).any() else f"a number from {bounds[0]:g} to {bounds[1]:g}"
    return _first_of(outside, columns, numbers, wanted)


def _not_hard(columns: pd.DataFrame, numbers: Float64[np.ndarray, "rows columns"]) -> Offence | None:
    return _first_of((numbers != 0) & (numbers != 1), columns, numbers, "0 or 1")


def _first_of(
    wrong: Bool[np.ndarray, "rows columns"],
    columns: pd.DataFrame,
    numbers: Float64[np.ndarray, "rows columns"],
    wanted: str,
) -> Offence | None:
    if not wrong.any():
        return None
    position, place = divmod(int(np.argmax(wrong)), numbers.shape[1])
    number = numbers[position, place].item()
    shown = _shown(columns.iloc[position, place] if np.isnan(number) else number)
    return Offence(position, f"column `{columns.columns[place]}` is {shown}, it must be {wanted}")


def _unlabelled(numbers: Float64[np.ndarray, "rows columns"]) -> Offence | None:
    empty = (numbers == 0).all(axis=1)
    return (
        Offence(int(np.argmax(empty)), "none of its columns is 1, it must have one or more labels")
        if empty.any()
        else None
    )


def _uneven(probabilities: Float64[np.ndarray, "rows columns"]) -> Offence | None:
    sums = probabilities.sum(axis=1)
    uneven = np.abs(sums - 1) > SUM_TOLERANCE
    if not uneven.any():
        return None
    position = int(np.argmax(uneven))
    return Offence(position, f"its probabilities sum to {sums[position]:.9g}, not to one within {SUM_TOLERANCE}")


def _shown(value: object) -> str:
    return "empty" if value is None or value != value else repr(value)
