"""What a host reads from a submission's fields, which are text, and from the answers': what a metric scores."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from foldline.files.class_names import class_of
from foldline.files.refusal import listed
from foldline.metrics.metric import Metric
from foldline.metrics.metric_and_rule import Answer

SUM_TOLERANCE = 1.1e-5
"""How far from one the host lets a row of probabilities sum."""
NOTHING = -1

Scored = tuple[np.ndarray, np.ndarray, Sequence[str]]
"""Targets and answers as a metric takes them, and the classes."""


class Unacceptable(Exception):
    """Why a host answers a submission with ERROR instead of a score; its text is the `errorDescription`."""


def read(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """`answers`, `predictions`: the same rows, the answers' columns and those of the sample submission, as text."""
    return READERS[metric.needs](metric, answers, predictions)


def numbers(fields: pd.DataFrame) -> np.ndarray:
    """rows x columns, all finite."""
    values = fields.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise Unacceptable(
            f"Evaluation error: the value '{fields.iat[row, column]}' in column '{fields.columns[column]}' "
            f"for id '{fields.index[row]}' is not a finite number"
        )
    return values


def _probabilities(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """A column for each class, or that of the positive one alone. Answers are the rows' classes, or columns of the same
    names."""
    values, names = _from_0_to_1(predictions), list(predictions.columns)
    if len(names) == 1 and "numbers" in metric.answers:
        return _ones(answers), np.column_stack([1 - values, values]), ("negative", "positive")
    if answers.shape[1] == 1:
        return _positions(answers.iloc[:, 0], names), _summing_to_one(predictions, values), names
    wanted = numbers(answers[names])
    if "vote_shares" in metric.truths:
        return wanted, _summing_to_one(predictions, values), names
    if "set" in metric.truths or "each_class" in metric.truths:
        return (wanted == 1).astype(np.uint8), values, names
    return wanted.argmax(axis=1), _summing_to_one(predictions, values), names


def _column_probabilities(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """A line for each thing asked of a row, which the answers' column `Column` says; an empty answer does not count."""
    values = _summing_to_one(predictions, _from_0_to_1(predictions))
    labels, asked = list(predictions.columns), sorted(set(answers["Column"]))
    column, wanted = _positions(answers["Column"], asked), answers.drop(columns="Column").iloc[:, 0]
    known, lines = (wanted != "").to_numpy(), np.arange(len(answers))
    targets = np.full((len(answers), len(asked)), NOTHING)
    targets[lines[known], column[known]] = _positions(wanted[known], labels) + len(labels) * column[known]
    classes = [class_of(name, label) for name in asked for label in labels]
    return targets, np.tile(values, len(asked)), classes


def _labels(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """One label per row, or one for each column."""
    if predictions.shape[1] == 1:
        wanted, found = _texts(answers.iloc[:, 0], predictions.iloc[:, 0], "level" in metric.truths)
        # Levels in their order, and of two labels the positive one behind.
        names = sorted({*wanted, *found}, key=_in_order)
        if "positive" in metric.truths:
            names = ["0", "1"]
        return _positions(wanted, names), _positions(found, names), names
    targets, labels, classes = [], [], []
    for name in predictions:
        wanted, found = _texts(answers[name], predictions[name], numeric=False)
        names = sorted({*wanted, *found})
        targets.append(_positions(wanted, names) + len(classes))
        labels.append(_positions(found, names) + len(classes))
        classes += [class_of(str(name), label) for label in names]
    return np.column_stack(targets), np.column_stack(labels), classes


def _sets(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """A column of 0 and 1 for each label, or one with a space between the row's labels."""
    if predictions.shape[1] > 1:
        values = numbers(predictions)
        other = values[(values != 0) & (values != 1)]
        if len(other):
            raise Unacceptable(f"Evaluation error: Classification metrics need 0 or 1, found {other[0]:g}")
        return (numbers(answers[list(predictions)]) == 1).astype(np.uint8), values == 1, list(predictions.columns)
    if metric.counts_all_labels:
        raise Unacceptable(f"Evaluation error: {metric.name} takes a column for each label")
    if predictions.iloc[:, 0].str.fullmatch(r"(-?\d+)?").all():  # read as numbers, which cannot be split
        raise Unacceptable("Evaluation error: Can only use .str accessor with string values!")
    wanted, found = (table.iloc[:, 0].str.split() for table in (answers, predictions))
    names = sorted({name for labels in (*wanted, *found) for name in labels})
    return _indicators(wanted, names), _indicators(found, names) == 1, names


def _rankings(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """Labels with a space between, the likeliest first; the same of the answers, where several are right."""
    texts = predictions.iloc[:, 0]
    blank = texts.str.strip() == ""
    if blank.any():
        raise Unacceptable(f"Evaluation error: {int(blank.sum())} rows have no label")
    wanted, found = answers.iloc[:, 0].str.split(), texts.str.split()
    names = sorted({name for labels in (*wanted, *found) for name in labels})
    place = {name: position for position, name in enumerate(names)}
    rankings = np.full((len(found), max(map(len, found))), NOTHING)
    for row, labels in enumerate(found):
        # A label that is said again says nothing.
        rankings[row, : len(labels)] = [
            NOTHING if name in labels[:before] else place[name] for before, name in enumerate(labels)
        ]
    if (wanted.map(len) == 1).all():
        return np.array([place[name] for (name,) in wanted]), rankings, names
    return _indicators(wanted, names), rankings, names


def _confident_labels(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """`label confidence` in one field; a row without an answer has no label that could be found."""
    fields = predictions.iloc[:, 0].str.split(n=1, expand=True).reindex(columns=[0, 1])
    confidences = pd.to_numeric(fields[1], errors="coerce")
    if confidences.isna().any():
        raise Unacceptable(f"Evaluation error: {int(confidences.isna().sum())} rows are no label and confidence")
    wanted = answers.iloc[:, 0]
    names = sorted({*wanted, *fields[0]})
    targets = np.where(wanted == "", NOTHING, _positions(wanted, names))
    return targets, np.column_stack([_positions(fields[0], names), confidences]), names


def _numbers(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """A column each; an answer that is empty does not count. Or the positive class's number."""
    if "positive" in metric.truths:
        return _ones(answers), numbers(predictions)[:, 0], ("negative", "positive")
    wanted = answers if answers.shape[1] == 1 else answers[list(predictions)]
    return wanted.apply(pd.to_numeric, errors="coerce").to_numpy(float), numbers(predictions), list(predictions.columns)


READERS: Mapping[Answer, Callable[[Metric, pd.DataFrame, pd.DataFrame], Scored]] = {
    "probabilities": _probabilities,
    "column_probabilities": _column_probabilities,
    "labels": _labels,
    "sets": _sets,
    "rankings": _rankings,
    "confident_labels": _confident_labels,
    "numbers": _numbers,
}


def _ones(answers: pd.DataFrame) -> np.ndarray:
    return (numbers(answers)[:, 0] == 1).astype(np.int64)


def _from_0_to_1(predictions: pd.DataFrame) -> np.ndarray:
    values = numbers(predictions)
    outside = (values < 0) | (values > 1)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise Unacceptable(
            f"Evaluation error: values must lie in [0, 1], found {values[row, column]:g} in column "
            f"'{predictions.columns[column]}' for id '{predictions.index[row]}'"
        )
    return values


def _summing_to_one(predictions: pd.DataFrame, values: np.ndarray) -> np.ndarray:
    sums = values.sum(axis=1)
    uneven = np.flatnonzero(np.abs(sums - 1) > SUM_TOLERANCE)
    if len(uneven):
        raise Unacceptable(
            f"Evaluation error: each row must sum to 1, the row of id '{predictions.index[uneven[0]]}' sums to "
            f"{sums[uneven[0]]:.6f}"
        )
    return values


def _positions(labels: pd.Series, names: Sequence[str]) -> np.ndarray:
    unknown = sorted(set(labels) - set(names))
    if unknown:
        raise Unacceptable(f"Evaluation error: no column for the class {listed(unknown)}")
    place = {name: position for position, name in enumerate(names)}
    return labels.map(place).to_numpy(np.int64)


def _texts(wanted: pd.Series, found: pd.Series, numeric: bool) -> tuple[pd.Series, pd.Series]:
    """Where the answers are whole numbers, so must the predictions be. numeric: 2.0 is 2."""
    if (found == "").any():
        raise Unacceptable(f"Evaluation error: {int((found == '').sum())} rows have no label")
    if numeric:
        wanted, found = (column.str.replace(r"\.0+$", "", regex=True) for column in (wanted, found))
    if wanted.str.fullmatch(r"-?\d+").all():
        others = found[~found.str.fullmatch(r"-?\d+")]
        if len(others):
            raise Unacceptable(f"Evaluation error: labels must be whole numbers, found {listed(others.unique(), 3)}")
    return wanted, found


def _in_order(label: str) -> tuple[float, str]:
    return (float(label) if label.lstrip("-").isdigit() else np.inf), label


def _indicators(labels: pd.Series, names: Sequence[str]) -> np.ndarray:
    """rows x labels."""
    place = {name: position for position, name in enumerate(names)}
    found = np.zeros((len(labels), len(names)), np.uint8)
    for row, of_row in enumerate(labels):
        found[row, [place[name] for name in of_row]] = 1
    return found
