"""The classes of a competition, in the order of a model's outputs."""

import re
from collections.abc import Collection

import pandas as pd

from foldline.archive.archives import Archives
from foldline.card.forms.form import Form
from foldline.card.sources import LINE, ROW
from foldline.card.target import Binary, Columns, Multilabel, MultiOutput, OneHot, Ordinal, Regression, Shares, Target
from foldline.competition.sample import sample_columns
from foldline.competition.target_texts import binary_labels
from foldline.files.class_names import class_of, label_of
from foldline.files.refusal import Refusal, counted, listed
from foldline.files.target_texts import labels_of, numbers_of

NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")


def find_classes(archives: Archives, rows: pd.DataFrame, target: Target, submission: Form) -> tuple[str, ...]:
    """The card's, the sample submission's columns, or else the sorted labels of the train rows; of a regression the
    names of its numbers.

    Raises Refusal when a train label has no column in the sample submission, or when there are fewer than two classes.
    """
    if isinstance(target, Ordinal) and target.levels is not None:
        return target.levels
    if isinstance(target, Shares):
        return _columns(archives, set(target.columns), submission, names_all=True)
    labels = _train_labels(rows["target"].dropna(), target)
    if isinstance(target, MultiOutput):
        return _of_columns(archives, labels, target, submission)
    one_hot = target.labels.columns if isinstance(target, Multilabel) and isinstance(target.labels, OneHot) else ()
    labels = set(one_hot) or labels
    by_column = submission.column_per == "class" or (submission.column_per == "answer" and len(labels) > 1)
    if isinstance(target, Regression):
        names = target.values.columns if isinstance(target.values, Columns) else sorted_labels(labels)
        return _columns(archives, set(names), submission, names_all=True) if by_column else names
    by_class = submission.column_per == "class"
    columns = _columns(archives, labels, submission, names_all=bool(one_hot)) if by_class else None
    # The positive class comes second and levels rise, whatever the order of the sample's columns.
    if isinstance(target, Binary):
        return binary_labels(target)
    if isinstance(target, Ordinal):
        levels = [int(label) for label in columns or labels]
        return tuple(str(level) for level in range(min(levels), max(levels) + 1))
    if columns is not None:
        return columns
    return one_hot or sorted_labels(labels)


def sorted_labels(labels: Collection[str]) -> tuple[str, ...]:
    """By number when all labels are numbers (2 before 10), else as text."""
    if all(NUMBER.fullmatch(label) for label in labels):
        return tuple(sorted(labels, key=lambda label: (float(label), label)))
    return tuple(sorted(labels))


def _of_columns(archives: Archives, names: set[str], target: MultiOutput, submission: Form) -> tuple[str, ...]:
    """Each column's sorted labels, or where lines give probabilities, for each column all labels of the sample."""
    classes = tuple(name for column in target.columns for name in _of_column(column, names))
    if submission.column_per == "label":
        shared = _columns(archives, set(map(label_of, names)), submission, names_all=False)
        return tuple(class_of(column, label) for column in target.columns for label in shared)
    if submission.column_per == "output":
        _columns(archives, set(submission.titles(classes, target, ())), submission, names_all=True)
    return classes


def _of_column(column: str, names: Collection[str]) -> list[str]:
    """Of a target of several labels: those of one column, sorted."""
    found = [label_of(name) for name in names if name.startswith(class_of(column, ""))]
    if not found:
        raise Refusal(
            f"No train row has a label as `{column}`, one of target.columns: there is nothing to learn. Correct the "
            "card, or leave the column out."
        )
    return [class_of(column, label) for label in sorted_labels(found)]


def _train_labels(texts: pd.Series, target: Target) -> set[str]:
    found = set(texts)
    if isinstance(target, Regression):
        return {name for text in found for name in numbers_of(text)}
    several = isinstance(target, Multilabel | MultiOutput)
    labels = {label for text in found for label in labels_of(text)} if several else found
    if not labels or (len(labels) == 1 and not isinstance(target, Multilabel)):
        raise Refusal(
            f"The train rows have {counted(len(labels), 'label', 'different labels')} ({listed(labels)}): there is "
            "nothing to learn. Correct the card's target."
        )
    return labels


def _columns(archives: Archives, labels: set[str], submission: Form, names_all: bool) -> tuple[str, ...]:
    """names_all: whether `labels` are all that there are; else the test set may know more than train."""
    columns = sample_columns(archives, submission)
    classes = submission.predicted(columns)
    # Where lines stand for the rows, a column that is no class may be one of ids.
    names_all = names_all or (submission.id in (LINE, ROW) and submission.id not in columns)
    unknown = sorted_labels(labels - set(classes))
    if unknown or (names_all and labels != set(classes)):
        lines = " Where it has a line per row and class, submission.kind is `lines`." if len(classes) == 1 else ""
        surplus = sorted_labels(set(classes) - labels)
        no_column = f"has no column for {len(unknown)} of the train labels: {listed(unknown)}."
        no_row = f"has columns without a train row: {listed(surplus)}."
        found = " It ".join(half for half, names in ((no_column, unknown), (no_row, surplus)) if names)
        raise Refusal(
            f"{submission.sample.name} {found}{lines} Correct the card's target or "
            "submission; where they are the same by other names, rename the "
            "columns, or replace the labels, in a function of your own (docs/own-code.md)."
        )
    return classes
