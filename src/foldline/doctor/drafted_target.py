"""What a competition asks for, guessed from its labels and its sample: target, metric, form of submission."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from foldline.archive.texts import items_of
from foldline.card.forms.violations import SPACE
from foldline.card.targets.single_labels import are_contrary
from foldline.files.refusal import listed

FEWEST_NUMBERS = 20
"""Of different whole numbers, for these to be measured and not classes."""
MOST_LEVELS = 6
"""Whole numbers from 0 without a gap, up to so many, are mostly levels in order."""
MOST_RANKED = 20
DELIMITERS = (" | ", "|", "; ", ";", ", ", ",", SPACE)
DECIMAL_COMMA = r"([+-]?\d+),(\d+)"


@dataclass(frozen=True)
class Asked:
    target: dict[str, Any]
    metric: dict[str, Any]
    submission: dict[str, Any]
    columns: tuple[str, ...]
    """Those of the labels that it uses."""
    remark: str = ""


def draft_target(labels: pd.DataFrame, answers: pd.DataFrame) -> Asked:
    """labels: the train rows' columns. answers: the sample's, without its ids."""
    columns = tuple(map(str, answers.columns))
    by_value = [str(name) for name in labels if _are_classes(labels[name], columns)]
    if set(columns) <= set(labels.columns):
        return _of_one(labels[columns[0]], answers[columns[0]]) if len(columns) == 1 else _of_columns(labels, answers)
    if by_value:
        target = {"kind": "multiclass", "column": by_value[0]}
        return Asked(target, {"kind": "log_loss"}, {"kind": "class_probabilities"}, (by_value[0],))
    if len(columns) == 1:
        return _of_one(_likely_column(labels, answers[columns[0]]), answers[columns[0]])
    target = {"kind": "multilabel", "labels": {"kind": "columns", "columns": list(columns)}}
    remark = f"NOT UNDERSTOOD: the sample asks for {listed(columns)}, train rows have {listed(labels.columns, 20)}."
    return Asked(target, {"kind": "mean_column_auc"}, {"kind": "class_probabilities"}, columns, remark)


def _are_classes(values: pd.Series, columns: tuple[str, ...]) -> bool:
    """Whether a column's values are what the sample has a column for each."""
    return len(columns) > 1 and set(values) <= set(columns) and values.nunique() > len(columns) / 2


def _of_columns(labels: pd.DataFrame, answers: pd.DataFrame) -> Asked:
    """The sample's columns are columns of the train rows."""
    columns = tuple(map(str, answers.columns))
    numbers = labels[list(columns)].apply(pd.to_numeric, errors="coerce")
    if bool(numbers.isin([0, 1]).all(axis=None)):
        target = {"kind": "multilabel", "labels": {"kind": "columns", "columns": list(columns)}}
        return Asked(target, {"kind": "mean_column_auc"}, {"kind": "class_probabilities"}, columns)
    if bool(numbers.notna().all(axis=None)):
        target = {"kind": "regression", "values": {"kind": "columns", "columns": list(columns)}}
        return Asked(target, {"kind": "rmse"}, {"kind": "number", "range": None}, columns)
    target = {"kind": "multioutput", "columns": list(columns)}
    return Asked(target, {"kind": "mean_column_accuracy", "weights": None}, {"kind": "label"}, columns)


def _likely_column(labels: pd.DataFrame, answers: pd.Series) -> pd.Series:
    """Where the sample calls the answer otherwise: the column that has the sample's values, else the one that repeats
    most."""
    words = {word for cell in answers.astype(str) for word in (cell, *cell.split())}
    told = [name for name in labels if labels[name].nunique() > 1] or list(labels)
    shared = {name: len(words & set(labels[name].astype(str))) for name in told}
    return labels[min(told, key=lambda name: (-shared[name], labels[name].nunique()))]


def _of_one(values: pd.Series, answers: pd.Series) -> Asked:
    """One column of labels, one of answers."""
    if values.str.fullmatch(DECIMAL_COMMA).all():  # numbers, of which the doctor says how to write them
        values = values.str.replace(DECIMAL_COMMA, r"\1.\2", regex=True)
    column, numbers, asked = str(values.name), pd.to_numeric(values, errors="coerce"), answers.astype(str)
    words, known = asked.str.split(), set(values.astype(str))
    length = int(words.map(len).max())
    all_known = all(word in known for cell in words.head() for word in cell)
    is_ranking = words.map(len).nunique() == 1 and (2 < length <= MOST_RANKED or (length == 2 and all_known))
    whole = bool(numbers.notna().all() and (numbers % 1 == 0).all())
    decimal = bool(asked.str.contains(".", regex=False).any() and pd.to_numeric(asked, errors="coerce").notna().all())
    one = {"column": column}
    if length == 2 and all(cell[0] in known and _is_fraction(cell[-1]) for cell in words if len(cell) == 2):
        metric, form = {"kind": "global_average_precision"}, {"kind": "confident_label"}
        return Asked({"kind": "multiclass", **one}, metric, form, (column,))
    delimiter = next((between for between in DELIMITERS if _are_sets(values, between)), None)
    if delimiter is not None:
        target = {"kind": "multilabel", "labels": {"kind": "delimited", **one, "delimiter": delimiter}}
        metric, form = {"kind": "samples_f_beta", "beta": 1}, {"kind": "label_set", "empty": "refused"}
        apart = {} if delimiter == SPACE else {"delimiter": delimiter}
        return Asked(target, metric, form | apart, (column,), _of_masks(values, delimiter))
    if is_ranking:
        target, form = {"kind": "ranked", **one, "new_class": None}, {"kind": "ranking", "length": length}
        return Asked(target, {"kind": "map_at_k", "k": length}, form, (column,))
    if len(known) == 2:
        return _of_two(values, asked)
    are_measured = not whole or decimal or len(known) > max(FEWEST_NUMBERS, len(values) / 2)
    if numbers.notna().all() and are_measured:
        target = {"kind": "regression", "values": {"kind": "columns", "columns": [column]}}
        bounds = [float(numbers.min()), float(numbers.max())]
        return Asked(target, {"kind": "rmse"}, {"kind": "number", "range": bounds}, (column,))
    if whole and set(numbers) == set(range(len(known))) and len(known) <= MOST_LEVELS:
        remark = "Levels in order; for classes without one: kind: multiclass, without levels, with another metric."
        target = {"kind": "ordinal", **one, "levels": [str(level) for level in range(len(known))]}
        return Asked(target, {"kind": "quadratic_weighted_kappa"}, {"kind": "label"}, (column,), remark)
    return Asked({"kind": "multiclass", **one}, {"kind": "accuracy"}, {"kind": "label"}, (column,))


def _of_two(values: pd.Series, asked: pd.Series) -> Asked:
    """Yes or no: a probability where the sample has numbers, else a label."""
    negative, positive = sorted(set(values.astype(str)))
    if are_contrary(negative, positive):
        negative, positive = positive, negative
    target = {"kind": "binary", "column": str(values.name), "negative": negative, "positive": positive}
    remark = f"Probabilities are those of `{positive}`; a label instead of one is submission.kind: label."
    if pd.to_numeric(asked, errors="coerce").notna().all():
        return Asked(target, {"kind": "auc"}, {"kind": "number", "range": [0, 1]}, (str(values.name),), remark)
    return Asked(target, {"kind": "accuracy"}, {"kind": "label"}, (str(values.name),))


def _are_sets(values: pd.Series, delimiter: str) -> bool:
    """Whether cells are labels with `delimiter` between: their words stand in other cells too."""
    cells = {cell: set(items_of(cell, delimiter)) for cell in set(values.astype(str))}
    several = [words for words in cells.values() if len(words) > 1]
    common = Counter(word for words in cells.values() for word in words)
    return bool(several) and sum(any(common[word] > 1 for word in words) for words in several) > len(several) / 2


def _of_masks(values: pd.Series, delimiter: str) -> str:
    """What to say where each cell is pairs of numbers, as run lengths and boxes are and sets hardly."""
    cells = [items_of(cell, delimiter) for cell in values if cell]
    if any(len(cell) % 2 or not all(word.isdigit() for word in cell) for cell in cells):
        return ""
    return f"NOT UNDERSTOOD: `{values.name}` looks like masks or boxes (pairs of numbers), which are not supported."


def _is_fraction(word: str) -> bool:
    try:
        return 0 <= float(word) <= 1
    except ValueError:
        return False
