"""Where the columns of a layout's part come from: a file, or the paths that fit a pattern, and in a list what follows.

`train.csv`; `[photos.csv, train.csv]`, whose columns join; `[train.csv, {kind: python, file: NAME.py, name: lines}]`, a
function of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, cast

import pandas as pd
from pydantic import AfterValidator, BeforeValidator

from foldline.archive.archives import Archives
from foldline.card.source_steps import File, Headerless, OwnTable, Paths, Step, TableFile, compiled
from foldline.params.section import Kinds, Section

LINE, ROW = "line", "row"
"""Columns that every source has, unless its file has such ones itself: the number of the line, from 1 and from 0."""


def _spelled_out(value: Any) -> Any:
    steps = value if isinstance(value, list | tuple) else [value]
    for step in steps:
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
    if not steps or isinstance(steps[0], OwnTable):
        raise ValueError("the first of a list is the name of a file")
    return steps


Source = Annotated[
    tuple[Annotated[File | Headerless | OwnTable, Kinds()], ...],
    BeforeValidator(_spelled_out),
    AfterValidator(_beginning_with_a_file),
]
Walked = Annotated[
    tuple[Annotated[Paths | File | Headerless | OwnTable, Kinds()], ...],
    BeforeValidator(_beginning_with_a_pattern),
]


def shown(source: Sequence[Step]) -> str:
    """What it consists of, for messages."""
    return ", ".join(f"`{step.shown}`" for step in source)


def read_source(archives: Archives, source: Sequence[Step]) -> pd.DataFrame:
    """The lines of a table after all of its steps: text, by their number in the file, from 0."""
    first = cast(TableFile, source[0])
    return after_steps(archives, numbered(first.read(archives)), source)


def numbered(lines: pd.DataFrame) -> pd.DataFrame:
    """With the columns `line` and `row`."""
    counted = {LINE: 1, ROW: 0}
    numbers = {name: (lines.index + first).astype("str") for name, first in counted.items() if name not in lines}
    return lines.assign(**numbers)


def after_steps(archives: Archives, lines: pd.DataFrame, source: Sequence[Step]) -> pd.DataFrame:
    """`lines` of the first of a source after all others; their index stays."""
    for step in source[1:]:
        lines = step.applied(archives, lines)
    return lines
