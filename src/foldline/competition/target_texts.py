"""A row's target as rows.parquet holds it: one text, whatever columns the competition spreads it over."""

import json
from collections.abc import Iterable

import pandas as pd

from foldline.cards.target import Binary, Delimited, Multilabel, OneHot, Ordinal, Regression, Target
from foldline.refusal import Refusal, listed

ONES, ZEROS = ("1", "1.0"), ("0", "0.0")


def target_texts(table: pd.DataFrame, target: Target, source: str) -> pd.Series:
    """The text of each line of `table`, whose columns are text.

    A label, one of the card's two for a binary target, a number for a regression, a json list for a set of labels.
    Raises Refusal, naming `source` and the first line, for a field that the target cannot be.
    """
    if isinstance(target, Multilabel):
        return _sets(table, target.labels, source)
    column = target.column
    texts = table[column]
    _refuse_others(texts, texts != "", source, "a label; name another column in the card")
    if isinstance(target, Binary):
        return _binary(texts, target, source)
    if isinstance(target, Regression):
        is_number = pd.to_numeric(texts, errors="coerce").notna()
        _refuse_others(texts, is_number, source, "a number; correct target.kind or target.column in the card")
    if isinstance(target, Ordinal):
        _refuse_other_levels(texts, target, source)
    return texts


def labels_of(text: str) -> list[str]:
    """The labels of a multilabel target's text."""
    return json.loads(text)


def united_sets(texts: Iterable[str]) -> str:
    """All labels of several multilabel texts, each once, in order of appearance."""
    labels = [label for text in texts for label in labels_of(text)]
    return json.dumps(list(dict.fromkeys(labels)), ensure_ascii=False)


def binary_labels(target: Binary) -> tuple[str, str]:
    """The negative and the positive label; the one that stands for every other label is named after the other."""
    return target.negative or f"not {target.positive}", target.positive or f"not {target.negative}"


def _binary(texts: pd.Series, target: Binary, source: str) -> pd.Series:
    negative, positive = binary_labels(target)
    named = [label for label in (target.negative, target.positive) if label is not None]
    if len(named) == 2:
        wanted = f"{listed(named)} (target.negative, target.positive); correct the card"
        _refuse_others(texts, texts.isin(named), source, wanted)
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
        _refuse_others(texts, whole, source, "a whole number; write the levels' names as target.levels in the card")
    else:
        wanted = f"{listed(target.levels)} (target.levels); correct the card"
        _refuse_others(texts, texts.isin(list(target.levels)), source, wanted)


def _sets(table: pd.DataFrame, labels: Delimited | OneHot, source: str) -> pd.Series:
    if isinstance(labels, Delimited):
        parts = table[labels.column].str.split(labels.delimiter, regex=False)
        sets = [list(dict.fromkeys(part.strip() for part in row if part.strip())) for row in parts]
    else:
        for column in labels.columns:
            valid = table[column].isin([*ONES, *ZEROS])
            _refuse_others(table[column], valid, source, "0 or 1; correct target.labels in the card")
        ones = table[list(labels.columns)].isin(list(ONES)).to_numpy()
        sets = [[labels.columns[place] for place in row.nonzero()[0]] for row in ones]
    return pd.Series([json.dumps(row, ensure_ascii=False) for row in sets], index=table.index, dtype="str")


def _refuse_others(texts: pd.Series, valid: pd.Series, source: str, wanted: str) -> None:
    if valid.all():
        return
    others = texts[~valid]
    # The header is line 1.
    lines = listed((position + 2 for position in others.index), 3)
    found = listed([repr(text) if text else "empty" for text in others.unique()], 5)
    raise Refusal(f"{source}: `{texts.name}` is {found} on line {lines} ({len(others)} lines): it must be {wanted}.")
