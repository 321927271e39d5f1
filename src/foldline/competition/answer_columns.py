"""The columns that a rule's answers become in a submission."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from foldline.card.submission import (
    ByClass,
    ClassProbabilities,
    ConfidentLabel,
    HardLabel,
    Labelled,
    LabelLines,
    LabelSet,
    Lines,
    Number,
    Probabilities,
    ProbabilityColumns,
    ProbabilityLines,
    Ranking,
    SetColumns,
    Submission,
)
from foldline.card.target import Multilabel, MultiOutput, OpenSet, Ranked, Target, sizes_of
from foldline.competition.probability_columns import probability_columns
from foldline.files.class_names import label_of
from foldline.files.refusal import Refusal, counted, listed
from foldline.metrics.decisions.rankings import NOTHING

SPACE = " "


def answer_names(classes: tuple[str, ...], target: Target) -> tuple[str, ...]:
    """What answers point at by position, as it is written: the classes, and after them the new class where no train row
    has it."""
    if isinstance(target, MultiOutput):
        return tuple(map(label_of, classes))
    new_class = target.new_class if isinstance(target, Ranked | OpenSet) else None
    return classes if new_class is None or new_class in classes else (*classes, new_class)


def asked_names(classes: tuple[str, ...], target: Target) -> tuple[str, ...]:
    """What a row may be asked for, by columns or lines of its own: its classes, its numbers, or each of its labels."""
    return target.columns if isinstance(target, MultiOutput) else classes


def titles(classes: tuple[str, ...], target: Target, form: Submission, predicted: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the columns that `answer_columns` gives, in its order; predicted: the sample's."""
    match form:
        case ProbabilityLines():
            return answer_names(classes, target)[: sizes_of(classes, target)[0]]
        case ProbabilityColumns():
            return probability_columns(classes, form)
        case _:
            alone = len(predicted) == 1 and not isinstance(form, ByClass)
            return predicted if alone else asked_names(classes, target)


def sums_to_one(form: Submission, target: Target) -> bool:
    """Whether the csv's rows are distributions."""
    return isinstance(form, ProbabilityLines) or (
        isinstance(form, ClassProbabilities) and not isinstance(target, Multilabel)
    )


def answer_columns(answers: np.ndarray, names: Sequence[str], form: Submission, target: Target) -> list[np.ndarray]:
    """One array of a block's rows per predicted column, in the order of the classes where there is one for each."""
    if isinstance(form, Probabilities):
        return list((_normalised(answers) if sums_to_one(form, target) else answers).T)
    if isinstance(form, SetColumns):
        return list(answers.T.astype(np.int8))
    if isinstance(form, Number | Lines):
        return list(answers.T) if answers.ndim == 2 else [answers]
    if isinstance(form, HardLabel | LabelLines):
        return [_named(column, names) for column in answers.reshape(len(answers), -1).T]
    if isinstance(form, ConfidentLabel):
        return [_with_confidence(answers, names)]
    if isinstance(form, LabelSet):
        before, after = form.enclosed_by or ("", "")
        return [before + _joined_sets(answers, names, form.delimiter) + after]
    return [_joined_rankings(answers, names)]


def separator_of(form: Submission) -> str | None:
    """What stands between the labels of a field, or between a label and its confidence; None for a single thing."""
    match form:
        case LabelSet():
            return form.delimiter
        case Ranking() | ConfidentLabel():
            return SPACE
        case _:
            return None


def labels_in(field: str, form: Labelled) -> list[str]:
    """The labels that a field of a submission names."""
    separator = separator_of(form)
    if isinstance(form, LabelSet) and form.enclosed_by and is_enclosed(field, form):
        field = field[1:-1]
    parts = field.split(separator) if field and separator else [field]
    return parts[:1] if isinstance(form, ConfidentLabel) else [part for part in parts if field]


def is_enclosed(field: str, form: LabelSet) -> bool:
    """Whether what must stand around a set does."""
    return form.enclosed_by is None or (len(field) > 1 and field[0] + field[-1] == form.enclosed_by)


def refuse_spaced(names: Sequence[str], form: Submission) -> None:
    """Raises Refusal for labels that a list with separators would take apart."""
    separator = separator_of(form)
    if separator is None:
        return
    spaced = [name for name in names if name.split(None if separator == SPACE else separator) != [name] or not name]
    if spaced:
        by = "spaces" if separator == SPACE else repr(separator)
        delimiter = " or submission.delimiter" if isinstance(form, LabelSet) else ""
        raise Refusal(
            f"A submission of kind `{form.kind}` separates labels by {by}, but "
            f"{counted(len(spaced), 'label holds', 'labels hold')} one: "
            f"{listed(map(repr, spaced), 3)}. Write them as the sample submission does, in a function of your "
            f"own (docs/own-code.md): table['...'].str.replace({separator!r}, '_'). Or correct "
            f"submission.kind{delimiter} or target.labels.delimiter in the card."
        )


def _normalised(values: Float32[np.ndarray, "rows classes"]) -> Float32[np.ndarray, "rows classes"]:
    """Each row divided by its sum, in float64, so that only the last rounding remains."""
    wide = values.astype(np.float64)
    return (wide / wide.sum(axis=1, keepdims=True)).astype(np.float32)


def _named(positions: Int64[np.ndarray, " some"], names: Sequence[str]) -> np.ndarray:
    return np.array(names, dtype=object)[positions]


def _with_confidence(answers: Float64[np.ndarray, "rows 2"], names: Sequence[str]) -> np.ndarray:
    confidences = answers[:, 1].astype(np.float32).astype("str").astype(object)
    return _named(answers[:, 0].astype(np.int64), names) + " " + confidences


def _joined_sets(sets: Bool[np.ndarray, "rows classes"], names: Sequence[str], delimiter: str) -> np.ndarray:
    rows, places = sets.nonzero()
    return _joined(_named(places, names), np.bincount(rows, minlength=len(sets)), delimiter)


def _joined_rankings(rankings: Int64[np.ndarray, "rows length"], names: Sequence[str]) -> np.ndarray:
    filled = rankings != NOTHING
    return _joined(_named(rankings[filled], names), filled.sum(axis=1), SPACE)


def _joined(labels: np.ndarray, counts: Int64[np.ndarray, " rows"], separator: str) -> np.ndarray:
    texts = np.empty(len(counts), dtype=object)
    texts[:] = [separator.join(row) for row in np.split(labels, np.cumsum(counts)[:-1])] if len(counts) else []
    return texts
