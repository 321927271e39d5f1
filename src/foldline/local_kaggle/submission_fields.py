"""Reading a submission's and a solution's fields, which are text, as what a metric scores."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from foldline.files.class_names import class_of
from foldline.files.refusal import listed
from foldline.metrics.metric import Metric
from foldline.metrics.truths_and_answers import NOTHING, Answer

SUM_TOLERANCE = 1.1e-5
"""How far from one the host lets a row of probabilities sum."""

Scored = tuple[np.ndarray, np.ndarray, Sequence[str]]
"""Targets and answers as a metric takes them, and the classes."""


class InvalidSubmission(Exception):
    """Why a host answers a submission with ERROR instead of a score; its text is the `errorDescription`."""


def read(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """`answers`, `predictions`: the same rows, the answers' columns and those of the sample submission, as text."""
    return READERS[metric.needs](metric, answers, predictions)


def numbers(fields: pd.DataFrame, lowest: float = -np.inf, highest: float = np.inf) -> np.ndarray:
    """rows x columns, all finite and in the range."""
    values = fields.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    for valid, rule in (
        (np.isfinite(values), "is not a finite number"),
        ((values >= lowest) & (values <= highest), f"is not in [{lowest:g}, {highest:g}]"),
    ):
        if not valid.all():
            row, column = np.argwhere(~valid)[0]
            raise InvalidSubmission(
                f"Evaluation error: '{fields.iat[row, column]}' in column '{fields.columns[column]}' for id "
                f"'{fields.index[row]}' {rule}"
            )
    return values


def _probabilities(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """A column for each class, or that of the positive one alone. Answers are the rows' classes, or columns of the same
    names."""
    values, names = numbers(predictions, 0.0, 1.0), list(predictions.columns)
    if len(names) == 1 and "numbers" in metric.answers:
        return _ones(answers), np.column_stack([1 - values, values]), ("negative", "positive")
    if answers.shape[1] == 1:
        return _positions(answers.iloc[:, 0], names), _summing_to_one(predictions, values), names
    wanted = numbers(answers[names])
    if "label_distribution" in metric.truths:
        return wanted, _summing_to_one(predictions, values), names
    if "set" in metric.truths or "each_class" in metric.truths:
        return (wanted == 1).astype(np.uint8), values, names
    return wanted.argmax(axis=1), _summing_to_one(predictions, values), names


def _column_probabilities(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """A line for each thing asked of a row, which the answers' column `Column` says; an empty answer does not count."""
    values = _summing_to_one(predictions, numbers(predictions, 0.0, 1.0))
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
        others = values[~np.isin(values, (0, 1))]
        if len(others):
            raise InvalidSubmission(f"Evaluation error: Classification metrics need 0 or 1, found {others[0]:g}")
        return (numbers(answers[list(predictions)]) == 1).astype(np.uint8), values == 1, list(predictions.columns)
    if metric.counts_all_labels:
        raise InvalidSubmission(f"Evaluation error: {metric.name} takes a column for each label")
    if predictions.iloc[:, 0].str.fullmatch(r"(-?\d+)?").all():  # read as numbers, which cannot be split
        raise InvalidSubmission("Evaluation error: Can only use .str accessor with string values!")
    wanted, found, names = _split(answers, predictions)
    return _indicators(wanted, names), _indicators(found, names) == 1, names


def _rankings(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """Labels with a space between, the likeliest first; the same of the answers, where several are right."""
    _refuse_blank(predictions.iloc[:, 0])
    wanted, found, names = _split(answers, predictions)
    position_of = {name: position for position, name in enumerate(names)}
    rankings = np.full((len(found), max(map(len, found))), NOTHING)
    for row, labels in enumerate(found):
        # A repeated label does not count.
        rankings[row, : len(labels)] = [
            NOTHING if name in labels[:before] else position_of[name] for before, name in enumerate(labels)
        ]
    if (wanted.map(len) == 1).all():
        return np.array([position_of[name] for (name,) in wanted]), rankings, names
    return _indicators(wanted, names), rankings, names


def _confident_labels(metric: Metric, answers: pd.DataFrame, predictions: pd.DataFrame) -> Scored:
    """`label confidence` in one field; a row without an answer has no label that could be found."""
    fields = predictions.iloc[:, 0].str.split(n=1, expand=True).reindex(columns=[0, 1])
    confidences = pd.to_numeric(fields[1], errors="coerce")
    if confidences.isna().any():
        raise InvalidSubmission(f"Evaluation error: {int(confidences.isna().sum())} rows lack a label and a confidence")
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


def _summing_to_one(predictions: pd.DataFrame, values: np.ndarray) -> np.ndarray:
    sums = values.sum(axis=1)
    uneven = np.flatnonzero(np.abs(sums - 1) > SUM_TOLERANCE)
    if len(uneven):
        raise InvalidSubmission(
            f"Evaluation error: each row must sum to 1, the row of id '{predictions.index[uneven[0]]}' sums to "
            f"{sums[uneven[0]]:.6f}"
        )
    return values


def _refuse_blank(labels: pd.Series) -> None:
    blank = int((labels.str.strip() == "").sum())
    if blank:
        raise InvalidSubmission(f"Evaluation error: {blank} rows have no label")


def _split(answers: pd.DataFrame, predictions: pd.DataFrame) -> tuple[pd.Series, pd.Series, list[str]]:
    """The labels of each answer and each prediction, and all of them in their order."""
    wanted, found = answers.iloc[:, 0].str.split(), predictions.iloc[:, 0].str.split()
    return wanted, found, sorted({name for labels in (*wanted, *found) for name in labels})


def _positions(labels: pd.Series, names: Sequence[str]) -> np.ndarray:
    unknown = sorted(set(labels) - set(names))
    if unknown:
        raise InvalidSubmission(f"Evaluation error: no column for the class {listed(unknown)}")
    return pd.Index(names).get_indexer(pd.Index(labels))


def _texts(wanted: pd.Series, found: pd.Series, numeric: bool) -> tuple[pd.Series, pd.Series]:
    """Where the answers are integers, the predictions must be, too. numeric: 2.0 is 2."""
    _refuse_blank(found)
    if numeric:
        wanted, found = (column.str.replace(r"\.0+$", "", regex=True) for column in (wanted, found))
    if wanted.str.fullmatch(r"-?\d+").all():
        others = found[~found.str.fullmatch(r"-?\d+")]
        if len(others):
            raise InvalidSubmission(f"Evaluation error: labels must be integers, found {listed(others.unique(), 3)}")
    return wanted, found


def _in_order(label: str) -> tuple[float, str]:
    return (float(label) if label.lstrip("-").isdigit() else np.inf), label


def _indicators(labels: pd.Series, names: Sequence[str]) -> np.ndarray:
    """rows x labels."""
    from sklearn.preprocessing import MultiLabelBinarizer  # a second of start-up, which other forms need not wait for

    return np.asarray(MultiLabelBinarizer(classes=names).fit_transform(labels), np.uint8)
