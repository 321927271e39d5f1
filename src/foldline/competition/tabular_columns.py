"""Columns that say more of a row than its images do: which a card means, and what their text says."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from foldline.archive.file_names import regular
from foldline.archive.tables import described_lines, refuse_absent_columns
from foldline.card.features import Features
from foldline.card.layout import Layout
from foldline.card.layouts.part import PartLines
from foldline.card.sources import LINE, ROW
from foldline.card.target import Target
from foldline.card.targets.number_targets import without_commas
from foldline.card.targets.target_kind import ANY_TEXT
from foldline.card.templates import columns_of, parse_id
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import TABULAR

MISSING = ("", "na", "nan", "n/a", "null", "none", "?")
TRUTH = {"true": "1", "false": "0"}


@dataclass(frozen=True)
class SharedColumns:
    """What the parts of a layout have in common."""

    names: tuple[str, ...]
    """In the first one's order."""
    source: str
    """The files they stand in, for messages."""


def shared_columns(parts: Collection[PartLines]) -> SharedColumns:
    first, *others = parts
    shared = [str(name) for name in first.columns if all(name in other.columns for other in others)]
    return SharedColumns(tuple(shared), ", ".join(dict.fromkeys(part.source for part in parts)))


@dataclass(frozen=True)
class TabularColumns:
    """The columns that a card names as features, patterns resolved."""

    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.numbers + self.categories


def find_tabular_columns(
    train: SharedColumns, test: SharedColumns, layout: Layout, target: Target, features: Features | None
) -> TabularColumns:
    """Raises Refusal when train rows have no such column, when test rows lack one, or when one cannot be a feature."""
    if features is None:
        return TabularColumns()
    answers = [column for _, column in target.named_columns()]
    named = {*features.numbers, *features.categories, *answers, *ids_and_groups(layout, target)}
    spare = [name for name in train.names if name in test.names and name not in named]
    numbers, categories = (
        _found(names, f"features.{kind}", train, spare, "test rows have too, and that ")
        for kind, names in (("numbers", features.numbers), ("categories", features.categories))
    )
    found = TabularColumns(numbers, categories)
    if both := [name for name in numbers if name in categories]:
        raise Refusal(
            f"The card's features.numbers and features.categories both name {listed(both)}: a column is one of the "
            "two. Correct the card."
        )
    if told := [name for name in found.names if name in answers]:
        raise Refusal(f"The card's features name {listed(told)}, which its target is. Correct the card.")
    if train_only := [name for name in found.names if name not in test.names]:
        raise Refusal(
            f"The card's features name {listed(train_only, 5)}, which {train.source} has and {test.source} lacks: "
            f"what is known of train rows only helps no test row. Found there {listed(test.names, 20)}. Leave it out "
            "of the card, or name a test table that has it."
        )
    return found


def with_found_columns(train: SharedColumns, layout: Layout, target: Target, features: Features | None) -> Target:
    """The target with the columns that its patterns mean. Raises Refusal where one means none."""
    named = ids_and_groups(layout, target) | ({*features.numbers, *features.categories} if features else set())
    spare = [name for name in train.names if name not in named]
    return target.with_columns(lambda fact, names: _found(names, fact, train, spare, ""))


def ids_and_groups(layout: Layout, target: Target) -> set[str]:
    """What no pattern means: columns of rows' ids and groups, and those that stand for the number of a line."""
    templates = [*(part.id for part in (*layout.train, *layout.test)), *([target.group] if target.group else [])]
    return {column for template in templates for column in columns_of(parse_id(template))} | {LINE, ROW}


def _found(names: Sequence[str], fact: str, train: SharedColumns, spare: Sequence[str], which: str) -> tuple[str, ...]:
    """Each column once, in the card's order; those of a pattern in the source's. `spare`: what a pattern may mean;
    which: what these have in common, in words."""
    found: dict[str, None] = {}
    for name in names:
        if ANY_TEXT not in name:
            refuse_absent_columns([(fact, name)], train.names, train.source)
            found[name] = None
            continue
        fits = re.compile(regular(name, ".")).fullmatch
        fitting = [column for column in spare if fits(column)]
        if not fitting:
            raise Refusal(
                f"{train.source}: no column that {which}the card does not name elsewhere fits "
                f"`{name}`, which its {fact} names. Found {listed(spare, 20)}. Correct the card."
            )
        found.update(dict.fromkeys(fitting))
    return tuple(found)


def tabular_values(texts: pd.DataFrame, columns: TabularColumns, source: str) -> pd.DataFrame:
    """The features of lines whose columns are text, in the form of files/rows.py, with the index of `texts`.

    Raises Refusal, naming `source` and the first lines, for text in a column of numbers that is none.
    """
    values = {f"{TABULAR}{name}": _numbers(texts[name], source) for name in columns.numbers}
    values |= {f"{TABULAR}{name}": texts[name].mask(texts[name] == "") for name in columns.categories}
    return pd.DataFrame(values, index=texts.index)


def _numbers(texts: pd.Series, source: str) -> pd.Series:
    plain = texts.str.strip().str.casefold()
    numbers = pd.to_numeric(plain.replace(TRUTH), errors="coerce").astype(np.float64)
    others = texts[~np.isfinite(numbers.astype(np.float32)) & ~plain.isin(list(MISSING))]
    if len(others):
        commas = without_commas(texts)
        cure = commas or (
            "name it under features.categories in the card where it is a category, write it as a number in a function "
            "of your own (docs/own-code.md) where it is one, or leave it out"
        )
        raise Refusal(
            f"{source}: `{texts.name}` is {listed(map(repr, others.unique()), 5)} {described_lines(others.index)} "
            f"({others.index.nunique()} lines), which is not a number: {cure}."
        )
    return numbers
