"""Where the columns of a layout's part come from: a file, or the paths that fit a pattern, and in a list what follows.

`train.csv`; `[photos.csv, train.csv]`, whose columns join; `[train.csv, {kind: python, file: NAME.py, name: lines}]`, a
function of one's own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, cast

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field

from foldline.archive.archives import Archives
from foldline.archive.tables import read_table, refuse_absent_columns, refuse_empty_table
from foldline.card.source_steps import ADDRESS, File, Headerless, OwnTable, Paths, Step, TableFile, compiled
from foldline.params.section import Section

Wanted = Sequence[tuple[str, str]]
"""Pairs of the place in the card that names a column, and the column."""
LINE, ROW = "line", "row"
"""Columns that every source has, unless its file has such ones itself: the number of the line, from 1 and from 0."""
GONE = {
    "join": "table.merge(read('other.csv'), how='left', left_on='image', right_on='file')",
    "keep": "table[table['view'].isin(['frontal'])]",
    "drop": "table[table['label'] != '']",
    "replace": "table.replace({'animal': {'cat': '0', 'dog': '1'}})",
    "substitute": "table.assign(word=table['word'].str.replace(' ', '_'))",
    "one_hot": "table.assign(label=table[['MEL', 'NV']].astype(float).idxmax(axis=1))",
    "rename": "table.rename(columns={'X4_mean': 'X4'})",
    "extract": "table.join(table['image'].str.extract(r'(?P<patient>\\d+)_(?P<eye>left|right)'))",
}
"""Former kinds of step, and what a function does instead."""


def _spelled_out(value: Any) -> Any:
    steps = value if isinstance(value, list | tuple) else [value]
    for step in steps:
        kind = step.get("kind") if isinstance(step, Mapping) else None
        if kind in GONE:
            raise ValueError(
                f"steps of kind `{kind}` are gone: write {{kind: python, file: NAME.py, name: lines}}, and next to the "
                f"card NAME.py with `def lines(table, read): return {GONE[kind]}` (docs/own-code.md)"
            )
        if not isinstance(step, str | dict | Section):
            raise ValueError("it is a file's name, or a list of that and of what is done to its lines")
    return tuple({"kind": "file", "name": step} if isinstance(step, str) else step for step in steps)


def _beginning_with_a_pattern(value: Any) -> Any:
    steps = value if isinstance(value, list | tuple) else [value]
    if not steps or not isinstance(steps[0], str):
        raise ValueError("it is a regular expression, or a list of that and of what is done to its lines")
    following = _spelled_out(steps[1:])
    if any(isinstance(step, dict) and step.get("kind") == "paths" for step in following):
        raise ValueError(
            "it has a pattern after the first, but a walk has one: write a list of parts, each with its own"
        )
    return ({"kind": "paths", "name": compiled(steps[0])}, *following)


def _beginning_with_a_file(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if not steps or steps[0].takes_all:
        raise ValueError("the first of a list is the name of a file")
    return steps


Source = Annotated[
    tuple[Annotated[File | Headerless | OwnTable, Field(discriminator="kind")], ...],
    BeforeValidator(_spelled_out),
    AfterValidator(_beginning_with_a_file),
]
Walked = Annotated[
    tuple[Annotated[Paths | File | Headerless | OwnTable, Field(discriminator="kind")], ...],
    BeforeValidator(_beginning_with_a_pattern),
]


def files_of(source: Sequence[Step]) -> str:
    """For messages about lines."""
    return ", ".join(step.shown for step in source)


def named(source: Sequence[Step]) -> str:
    """For messages about columns."""
    return ", ".join(f"`{step.shown}`" for step in source)


def offered_columns(archives: Archives, header: Sequence[str], later: Sequence[Step]) -> tuple[str, ...]:
    """The columns that there are when the first of a source has those of `header`, and no step is one's own."""
    found = [*header]
    for step in later:
        found += step.joined(archives, [*found, LINE, ROW])
    return tuple(dict.fromkeys([*found, LINE, ROW]))


def needed_columns(
    archives: Archives, header: Sequence[str], source: Sequence[Step], wanted: Wanted, shown: str = ""
) -> set[str] | None:
    """What has to be read: the wanted columns and those that several files have; None for all there are.

    Raises Refusal for a wanted column that is not there, where this is known before lines are read.
    """
    if any(step.takes_all for step in source):
        return None
    shown = shown or f"{archives.folder}: {named(source)}"
    refuse_absent_columns(wanted, offered_columns(archives, header, source[1:]), shown)
    holders = Counter([*header, *(name for step in source[1:] for name in step.header(archives))])
    return {column for _, column in wanted} | {name for name, count in holders.items() if count > 1}


def read_source(archives: Archives, source: Sequence[Step], wanted: Wanted, fact: str) -> pd.DataFrame:
    """The wanted columns, and others, of the lines of a table: text, by their number in the file, from 0.

    fact: where the card names the source. Raises Refusal for what is not there.
    """
    first = cast(TableFile, source[0])
    header = first.header(archives)
    needed = needed_columns(archives, header, source, wanted)
    # Without a column there would be no lines.
    chosen = [name for name in header if needed is None or name in needed] or list(header[:1])
    lines = read_table(archives, first.name, first.names, chosen)
    refuse_empty_table(archives, lines, first.name)
    return after_steps(archives, numbered(lines), source, wanted, needed, fact)


def numbered(lines: pd.DataFrame) -> pd.DataFrame:
    """With the columns `line` and `row`."""
    counted = {LINE: 1, ROW: 0}
    places = {name: (lines.index + first).astype("str") for name, first in counted.items() if name not in lines}
    return lines.assign(**places)


def after_steps(
    archives: Archives,
    lines: pd.DataFrame,
    source: Sequence[Step],
    wanted: Wanted,
    needed: Iterable[str] | None,
    fact: str,
) -> pd.DataFrame:
    """`lines` after all steps but the first; their index stays. Raises Refusal for a wanted column that is lacking."""
    columns = None if needed is None else set(needed)
    for number, step in enumerate(source[1:], 1):
        lines = step.applied(archives, lines, columns, f"{fact}[{number}]")
    if columns is None:
        there = [str(name) for name in lines if name != ADDRESS]
        refuse_absent_columns(wanted, there, f"{archives.folder}: {named(source)}")
    return lines
