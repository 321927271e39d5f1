"""The steps of a card's source (cards/sources.py) that make texts of texts, line by line: no line comes or goes."""

import re
from collections.abc import Iterable

import pandas as pd

from foldline.card.sources import Extract, NameOfOne, Rename, Replace, Substitute, ToColumns
from foldline.competition.field_checks import ones
from foldline.competition.line_places import described_places
from foldline.files.refusal import Refusal, listed

SHOWN = 3


def changed(lines: pd.DataFrame, step: ToColumns, fact: str) -> pd.DataFrame:
    """fact: where the card says `step`. Raises Refusal for texts that it does not fit."""
    match step:
        case Extract():
            return _extracted(lines, step, fact)
        case Replace():
            return _replaced(lines, step, fact)
        case Substitute():
            return _substituted(lines, step, fact)
        case NameOfOne():
            return _with_name_of_one(lines, step, fact)
        case Rename():
            return lines.rename(columns=step.columns)


def refuse_absent_values(values: pd.Series, wanted: Iterable[str], fact: str) -> None:
    """Raises Refusal when one of the `wanted` texts is nowhere among `values`."""
    there = set(values)
    absent = [value for value in wanted if value not in there]
    if absent:
        raise Refusal(
            f"The card's {fact}: no line has {listed(map(repr, absent))} as `{values.name}`, found "
            f"{listed(map(repr, values.unique()))}. Correct the card."
        )


def _extracted(lines: pd.DataFrame, step: Extract, fact: str) -> pd.DataFrame:
    values = lines[step.column]
    others = values[~values.str.fullmatch(step.pattern)]
    if len(others):
        raise Refusal(
            f"The card's {fact}: {len(others)} of {len(values)} lines have a `{step.column}` that does not fit "
            f"{step.pattern!r}: {listed(map(repr, others.unique()), SHOWN)}. The whole text must fit: correct "
            "the pattern."
        )
    parts = values.str.extract(rf"\A(?:{step.pattern})\Z").fillna("").astype("str")
    return lines.assign(**{str(name): parts[name] for name in parts})


def _replaced(lines: pd.DataFrame, step: Replace, fact: str) -> pd.DataFrame:
    found = pd.concat([lines[column] for column in step.column]).rename(listed(step.column, SHOWN))
    refuse_absent_values(found, step.values, fact)
    new = {column: lines[column].map(dict(step.values)) for column in step.column}
    return lines.assign(**{column: texts.fillna(lines[column]).astype("str") for column, texts in new.items()})


def _substituted(lines: pd.DataFrame, step: Substitute, fact: str) -> pd.DataFrame:
    values = lines[step.column]
    texts = {value: re.sub(step.pattern, step.by, value) for value in values.unique()}
    if all(value == text for value, text in texts.items()):
        raise Refusal(
            f"The card's {fact} changes no line: {step.pattern!r} is in no `{step.column}`, found "
            f"{listed(map(repr, texts))}. Correct the pattern, or leave the step out."
        )
    return lines.assign(**{step.column: values.map(texts).astype("str")})


def _with_name_of_one(lines: pd.DataFrame, step: NameOfOne, fact: str) -> pd.DataFrame:
    source = f"The card's {fact}"
    held = pd.DataFrame({column: ones(lines[column], source, "correct `columns`") for column in step.columns})
    others = held[held.sum(axis=1) != 1]
    if len(others):
        first = others.head(SHOWN)
        names = [listed(first.columns[line]) for line in first.to_numpy()]
        shown = listed(f"{name} {described_places(first.index[[number]])}" for number, name in enumerate(names))
        raise Refusal(
            f"{source}: one of {listed(step.columns)} must be 1, but {len(others)} of {len(held)} lines have none or "
            f"several: {shown}. Name a column for each class, or make the target multilabel, which takes such lines."
        )
    return lines.assign(**{step.into: held.idxmax(axis=1).astype("str")})
