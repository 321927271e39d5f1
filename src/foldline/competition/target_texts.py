"""A row's target as rows.parquet holds it: one text, whatever columns the competition spreads it over."""

from collections.abc import Sequence

import pandas as pd

from foldline.card.target import Binary, Multilabel, MultiOutput, Ordinal, Regression, Shares, Target
from foldline.competition.field_checks import BY_A_STEP, refuse_other_fields
from foldline.competition.number_texts import number_texts, united_numbers
from foldline.competition.set_texts import set_texts, united_sets
from foldline.competition.share_texts import share_texts
from foldline.files.class_names import class_of
from foldline.files.refusal import Refusal, listed
from foldline.files.target_texts import text_of_labels


def target_texts(table: pd.DataFrame, target: Target, source: str) -> pd.Series:
    """The text of each line of `table`, whose columns are text.

    A label, one of the card's two for a binary target; a set of labels, shares or the numbers of a regression as json.
    Raises Refusal, naming `source` and the first line, for a field that the target cannot be.
    """
    if isinstance(target, Multilabel):
        return set_texts(table, target.labels, source)
    if isinstance(target, Regression):
        return number_texts(table, target.values, source)
    if isinstance(target, Shares):
        return share_texts(table, target.columns, source)
    if isinstance(target, MultiOutput):
        return _several(table, target.columns)
    texts = _labels(table, target.column, source)
    if isinstance(target, Binary):
        return _binary(texts, target, source)
    if isinstance(target, Ordinal):
        _refuse_other_levels(texts, target, source)
    return texts


def united(lines: pd.DataFrame, target: Target) -> pd.DataFrame:
    """`lines` (row_id, target) with one target for all lines of a row, where these say a part of it each.

    Raises Refusal where numbers contradict each other.
    """
    if not isinstance(target, Multilabel | Regression):
        return lines
    unite = united_sets if isinstance(target, Multilabel) else united_numbers
    parts = lines[["row_id", "target"]].drop_duplicates()
    differ = lines["row_id"].isin(parts.loc[parts["row_id"].duplicated(), "row_id"])
    whole = parts[parts["row_id"].isin(lines.loc[differ, "row_id"])].groupby("row_id")["target"].agg(unite)
    return lines.assign(target=lines["target"].where(~differ, lines["row_id"].map(whole)))


def binary_labels(target: Binary) -> tuple[str, str]:
    """The negative and the positive label; the one that stands for every other label is named after the other."""
    return target.negative or f"not {target.positive}", target.positive or f"not {target.negative}"


def _labels(table: pd.DataFrame, column: str, source: str) -> pd.Series:
    texts = table[column]
    refuse_other_fields(texts, texts != "", source, f"a label; name another column in the card, {BY_A_STEP}")
    return texts


def _several(table: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """An empty field is a label that is missing."""
    labels = (table[column] for column in columns)
    rows = [
        text_of_labels([class_of(column, label) for column, label in zip(columns, row, strict=True) if label])
        for row in zip(*labels, strict=True)
    ]
    return pd.Series(rows, index=table.index, dtype="str")


def _binary(texts: pd.Series, target: Binary, source: str) -> pd.Series:
    negative, positive = binary_labels(target)
    named = [label for label in (target.negative, target.positive) if label is not None]
    if len(named) == 2:
        wanted = f"{listed(named)} (target.negative, target.positive); correct the card"
        refuse_other_fields(texts, texts.isin(named), source, wanted)
        return texts
    if not texts.isin(named).any():
        fact = "negative" if target.positive is None else "positive"
        raise Refusal(
            f"{source}: no `{texts.name}` is {named[0]!r} (target.{fact}), found {listed(texts.unique())}. "
            "Correct the card."
        )
    is_positive = texts != negative if target.positive is None else texts == positive
    return is_positive.map({True: positive, False: negative}).astype("str")


def _refuse_other_levels(texts: pd.Series, target: Ordinal, source: str) -> None:
    if target.levels is None:
        whole = texts.str.fullmatch(r"[+-]?\d+")
        wanted = "a whole number; write the levels' names as target.levels in the card"
        refuse_other_fields(texts, whole, source, wanted)
    else:
        wanted = f"{listed(target.levels)} (target.levels); correct the card"
        refuse_other_fields(texts, texts.isin(list(target.levels)), source, wanted)
